import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import App from './App.svelte';
import { speakPreferred } from './text/index.svelte.ts';

await speakPreferred();
mount(App, { target: document.getElementById('app')! });
