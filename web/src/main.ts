import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import App from './App.svelte';
import { server } from './state/server.svelte.ts';
import { session } from './state/session.svelte.ts';
import { speakPreferred } from './text/index.svelte.ts';

// Without a token, views wait until it is known that none is needed: they would all be refused.
const known = server.ask();
// Whatever fails here, the page is shown: in English, or with what its views say.
await Promise.allSettled([speakPreferred(), session.token ? null : known]);
mount(App, { target: document.getElementById('app')! });
