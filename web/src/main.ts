import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import App from './App.svelte';
import { server } from './state/server.svelte.ts';
import { speakPreferred } from './text/index.svelte.ts';

void server.ask();
await speakPreferred();
mount(App, { target: document.getElementById('app')! });
