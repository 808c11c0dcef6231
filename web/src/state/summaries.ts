/** What lists of runs show of each job, kept up to date by the changes of the stream. */

import type { Schemas } from '../api/client.ts';
import type { Event } from './story.ts';

export interface Summary {
  readonly id: string;
  readonly name: string;
  readonly status: Schemas['Status'];
  readonly created: Date;
  /** 0 to 1. */
  readonly progress: number;
  readonly epoch: number;
  readonly epochs: number;
  /** The newest ones; of a trained model, those on the test samples. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly loss: number | null;
  /** Of validation samples while it trains, if there are any. Null for a regression. */
  readonly accuracy: number | null;
  readonly error: string | null;
  readonly delete_files_at: string | null;
  readonly files_deleted_at: string | null;
  /** Number of the last event that it knows. */
  readonly last: number;
}

const STATUS: Partial<Record<Event['type'], Schemas['Status']>> = {
  started: 'building',
  built: 'training',
  trained: 'compiling',
  compiled: 'verifying',
  verified: 'ready',
  failed: 'failed',
  interrupted: 'queued',
  cancelled: 'cancelled',
};
const FINISHED: readonly Schemas['Status'][] = ['ready', 'failed', 'cancelled'];

export function isFinished(status: Schemas['Status']): boolean {
  return FINISHED.includes(status);
}

export function summaryOf(job: Schemas['JobMessage']): Summary {
  const { id, name, status, progress, epoch, epochs, error, last_event: last } = job;
  const { delete_files_at, files_deleted_at } = job;
  return {
    ...{ id, name, status, progress, epoch, epochs, error, last, delete_files_at, files_deleted_at },
    created: new Date(job.created_at),
    ...measures(job.metrics),
  };
}

function measures(metrics: Summary['metrics']): Pick<Summary, 'metrics' | 'loss' | 'accuracy'> {
  const { loss, accuracy, val_accuracy } = metrics;
  return { metrics, loss: loss ?? null, accuracy: val_accuracy ?? accuracy ?? null };
}

/** The summary after an event; the same one if it is known already. */
export function after(summary: Summary, id: number, event: Event): Summary {
  return id <= summary.last ? summary : { ...told(summary, event), last: id };
}

function told(summary: Summary, event: Event): Summary {
  const status = STATUS[event.type] ?? summary.status;
  switch (event.type) {
    case 'started':
      return { ...summary, status, epochs: event.epochs };
    case 'progress': {
      const progress = (event.epoch - 1 + event.step / Math.max(1, event.steps)) / Math.max(1, event.epochs);
      const { epoch, epochs } = event;
      // Metrics on validation data come at the end of an epoch: those of the last one stay.
      return { ...summary, progress, epoch, epochs, ...measures({ ...summary.metrics, ...event.metrics }) };
    }
    case 'epoch': {
      const { epoch, epochs } = event;
      return { ...summary, progress: epoch / Math.max(1, epochs), epoch, epochs, ...measures(event.metrics) };
    }
    case 'trained':
      return { ...summary, status, ...measures(event.metrics) };
    case 'failed':
      return { ...summary, status, error: event.message };
    default:
      return { ...summary, status };
  }
}

/** Newest first; of jobs of the same moment, always in the same order. */
export function newestFirst(a: Summary, b: Summary): number {
  return b.created.getTime() - a.created.getTime() || (a.id < b.id ? 1 : -1);
}
