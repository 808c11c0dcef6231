import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerProblem } from '../api/problem.ts';
import type { Film } from './decoder.ts';
import { Frame, Layout, type FilmHeader } from './film.ts';
import { LiveFilm } from './live_film.svelte.ts';
import { Playhead } from './playhead.svelte.ts';

const HEADER: FilmHeader = {
  parts: [],
  name: 'x',
  task: 'regression',
  epochs: 10,
  steps_per_epoch: 10,
  restored: 101,
};
const layout = new Layout(HEADER);
const PAGE = 64;
const frame = (number: number): Frame => new Frame(layout, number, new Uint8Array(4));
const numbersOf = (film: LiveFilm): number[] => film.frames.map(({ number }) => number);

/** A server whose film has these numbers. */
class Server {
  numbers: number[] | null = [];
  whole: number[] | null = null;
  pages = 0;
  problem: Error | null = null;

  readonly source = {
    page: (after: number): Promise<Film | null> => {
      this.pages++;
      if (this.problem) return Promise.reject(this.problem);
      if (!this.numbers) return Promise.resolve(null);
      return Promise.resolve(filmOf(this.numbers.filter((number) => number > after).slice(0, PAGE)));
    },
    whole: (): Promise<Film | null> => Promise.resolve(this.whole && filmOf(this.whole)),
  };
}
const filmOf = (numbers: number[]): Film => ({ header: HEADER, frames: numbers.map(frame) });
const range = (count: number, every = 1): number[] => Array.from({ length: count }, (_, i) => i * every);
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

let server: Server;
let film: LiveFilm;
beforeEach(() => {
  server = new Server();
  film = new LiveFilm(server.source, 1);
  film.again();
});

describe('LiveFilm', () => {
  it('fetches nothing before somebody wants it', async () => {
    film.told({ frame: 3, frames: 4 });
    await settled();
    expect(server.pages).toBe(0);
  });

  it('grows by pages', async () => {
    server.numbers = range(100);
    film.want();
    await settled();
    expect(numbersOf(film)).toEqual(range(100));
    server.numbers = range(150);
    film.told({ frame: 149, frames: 150 });
    await settled();
    expect(numbersOf(film)).toEqual(range(150));
    expect(film.complete).toBe(false);
  });

  it('reads again what was thinned', async () => {
    server.numbers = range(240);
    film.want();
    await settled();
    server.numbers = range(125, 2);
    film.told({ frame: 248, frames: 125 });
    await settled();
    expect(numbersOf(film)).toEqual(range(125, 2));
  });

  it('reads again when the training went on from an earlier step', async () => {
    server.numbers = range(50);
    film.want();
    await settled();
    server.numbers = range(60).filter((number) => number < 20 || number > 30);
    film.told({ frame: 25, frames: 55 });
    await settled();
    expect(numbersOf(film)).toEqual(server.numbers);
  });

  it('asks once for the frames that were told', async () => {
    server.numbers = range(10);
    film.told({ frame: 9, frames: 10 });
    film.want();
    await settled();
    expect([server.pages, film.frames.length]).toEqual([1, 10]);
    server.numbers = range(11);
    film.told({ frame: 10, frames: 11 });
    await settled();
    expect([server.pages, film.frames.length]).toEqual([2, 11]);
  });

  it('leaves the other pages when the job has ended', async () => {
    server.numbers = server.whole = range(240);
    const { page } = server.source;
    server.source.page = (after) => {
      film.ended(); // while the first page is on its way
      return page(after);
    };
    film.want();
    await settled();
    expect([server.pages, film.frames.length, film.complete]).toEqual([1, 240, true]);
  });

  it('reads no page of a film that is finished', async () => {
    server.numbers = server.whole = range(240);
    film = new LiveFilm(server.source, 1);
    film.want();
    film.ended();
    film.told({ frame: 239, frames: 240 });
    await settled();
    expect([server.pages, film.frames.length, film.complete]).toEqual([0, 240, true]);
  });

  it('ends with the whole film', async () => {
    server.numbers = range(30);
    film.want();
    await settled();
    server.whole = range(30, 2);
    film.ended();
    await settled();
    expect(numbersOf(film)).toEqual(range(30, 2));
    expect(film.complete).toBe(true);
  });

  it('knows that there is none', async () => {
    server.problem = new ServerProblem(404, 'not-found', 'no film');
    film.want();
    film.ended();
    await settled();
    expect(film.complete).toBe(true);
    expect(film.frames).toEqual([]);
  });

  it('tries again after a failure', async () => {
    server.problem = new ServerProblem(0, 'offline', '');
    film.want();
    await settled();
    expect(film.error?.status).toBe(0);
    server.problem = null;
    server.numbers = range(3);
    await vi.waitFor(() => expect(numbersOf(film)).toEqual(range(3)));
    expect(film.error).toBeNull();
  });

  it('finds frames and epochs', async () => {
    server.numbers = [0, 10, 20, 25, 100, 101];
    film.want();
    await settled();
    expect([-1, 0, 9, 10, 24, 200].map((number) => film.index(number))).toEqual([0, 0, 0, 1, 2, 5]);
    expect(film.frames.map((frame) => film.epochOf(frame))).toEqual([0, 1, 2, 3, 10, 10]);
    expect(film.isRestored(film.frames[5]!)).toBe(true);
    expect(new LiveFilm(server.source).index(3)).toBe(-1);
  });
});

describe('Playhead', () => {
  let due: ((now: number) => void) | null;
  const schedule = (callback: (now: number) => void): (() => void) => {
    due = callback;
    return () => (due = null);
  };
  let playhead: Playhead;
  let now: number;

  function pass(seconds: number): void {
    for (let i = 0; i < seconds * 60 && due; i++) due((now += 1000 / 60));
  }

  beforeEach(async () => {
    due = null;
    now = 0;
    server.numbers = range(241);
    film.want();
    await settled();
    playhead = new Playhead(() => film, schedule);
  });

  it('sticks to the newest frame until somebody moves it', async () => {
    expect(playhead.index).toBe(240);
    server.numbers = range(250);
    film.told({ frame: 249, frames: 250 });
    await settled();
    expect(playhead.index).toBe(249);
    playhead.step(-1);
    expect([playhead.index, playhead.live]).toEqual([248, false]);
    server.numbers = range(260);
    film.told({ frame: 259, frames: 260 });
    await settled();
    expect(playhead.index).toBe(248);
    playhead.toLive();
    expect(playhead.frame?.number).toBe(259);
  });

  it('stays at its moment when the film is thinned', async () => {
    playhead.seek(100);
    server.numbers = range(125, 2);
    film.told({ frame: 248, frames: 125 });
    await settled();
    expect([playhead.index, playhead.frame?.number]).toEqual([50, 100]);
  });

  it('plays a film in about 24 seconds, faster on demand', () => {
    playhead.seek(0);
    playhead.play();
    pass(6);
    expect(playhead.index).toBeGreaterThan(57);
    expect(playhead.index).toBeLessThan(62);
    playhead.speed = 4;
    pass(2);
    expect(playhead.index).toBeGreaterThan(135);
    playhead.pause();
    const { index } = playhead;
    pass(1);
    expect(playhead.index).toBe(index);
  });

  it('follows when it has caught up, and stops at the end of a complete film', async () => {
    playhead.seek(235);
    playhead.play();
    pass(3);
    expect([playhead.playing, playhead.live]).toEqual([false, true]);
    server.whole = range(241);
    film.ended();
    await settled();
    playhead.seek(235);
    playhead.play();
    pass(3);
    expect([playhead.playing, playhead.live, playhead.index]).toEqual([false, false, 240]);
    playhead.play(); // from the beginning
    expect(playhead.index).toBe(0);
  });

  it('stays within the film', () => {
    playhead.seek(1000);
    expect(playhead.index).toBe(240);
    playhead.step(1);
    expect(playhead.index).toBe(240);
    playhead.seek(-5);
    expect(playhead.index).toBe(0);
    const empty = new Playhead(() => null, schedule);
    empty.play();
    expect([empty.index, empty.frame, empty.playing]).toEqual([-1, null, false]);
  });
});
