import { request, type Schemas } from '../api/client.ts';
import { session } from './session.svelte.ts';

/** What the server says about itself and about the caller. */
class Server {
  /** Null until it has answered. */
  about = $state<Schemas['Index'] | null>(null);

  /** Ask the server who it is, and who we are to it: without a valid token, the page asks for one before all else. */
  async ask(): Promise<void> {
    const answer = await request('', { headers: { Accept: 'application/json' } }).catch(() => null);
    if (answer === null) return; // whatever is asked next shows that the server is away
    const about = (await answer.json().catch(() => null)) as Schemas['Index'] | null;
    if (about === null) return; // something between has answered
    this.about = about;
    if (about.tokens_required && about.owner === null) session.refused = true;
  }
}

export const server = new Server();
