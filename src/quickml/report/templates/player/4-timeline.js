// The curve of the loss. A transparent slider lies over it, so its thumb is the playhead: mouse, touch, keyboard and
// screen readers use the browser's own slider.

const CURVE = { height: 132, top: 12, bottom: 22 };
const THUMB = 44; // CSS pixels; the style sheet has the same number

/** Where the frame stands in the training, in words. */
function words(film, index) {
  const { epochs, steps_per_epoch: steps } = film.header;
  const { number, loss } = film.frames[index];
  const text = Number.isFinite(loss) ? `, loss ${short(loss)}` : "";
  if (film.isRestored(index)) return `best weights, restored after the last epoch${text}`;
  if (number === 0) return `start, before the first step${text}`;
  const inside = number % steps ? `, step ${number.toLocaleString("en")}` : "";
  return `epoch ${Math.ceil(number / steps)} of ${epochs}${inside}${text}`;
}

/** Positions of the losses: `x(index)`, `y(loss)`, labelled ticks. */
function lossScale(film, width) {
  const losses = film.frames.map((frame) => frame.loss).filter(Number.isFinite);
  const low = Math.min(...losses), high = Math.max(...losses);
  const isLog = low > 0 && high / low > 12;
  const change = isLog ? Math.log10 : (value) => value;
  const [bottom, top] = high > low ? [change(low), change(high)] : [change(low) - 1, change(low) + 1];
  const span = CURVE.height - CURVE.top - CURVE.bottom;
  const last = Math.max(film.frames.length - 1, 1);
  return {
    isLog,
    x: (index) => (index / last) * width,
    y: (loss) => CURVE.top + ((top - change(loss)) / (top - bottom)) * span,
    ticks: isLog ? logTicks(low, high) : evenTicks(low, high),
  };
}

/** At most five of 1, 2, 5 times powers of ten, as numbers and texts. */
function logTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const digit of [1, 2, 5]) {
      const tick = digit * 10 ** power;
      if (tick >= low && tick <= high) ticks.push(Number(tick.toPrecision(1)));
    }
  }
  const every = Math.ceil(ticks.length / 5);
  return ticks.filter((_, i) => i % every === 0).map((tick) => [tick, short(tick)]);
}

/** A path through the finite losses from one frame to another; gaps interrupt it. */
function lossPath(film, scale, from, to) {
  let path = "", isDrawing = false;
  for (let i = from; i <= to; i++) {
    const { loss } = film.frames[i];
    const isHere = Number.isFinite(loss);
    if (isHere) path += `${isDrawing ? "L" : "M"}${scale.x(i).toFixed(1)},${scale.y(loss).toFixed(1)}`;
    isDrawing = isHere;
  }
  return path;
}

/** Places under the curve that name an epoch: the start, round epochs where they end, and the last one. */
function epochMarks(film, scale, width) {
  const last = film.frames.length - 1, end = film.epoch(last), steps = film.header.steps_per_epoch;
  const every = roundStep(end / Math.max(2, Math.min(10, Math.floor(width / 80))), 1);
  const marks = [{ x: 0, text: "start", anchor: "start" }];
  for (let epoch = every, index = 0; epoch < end; epoch += every) {
    while (film.frames[index].number < epoch * steps) index++;
    const x = scale.x(index);
    if (x > 50 && x < width - 70) marks.push({ x, text: String(epoch), anchor: "middle" });
  }
  return last === 0 ? marks : [...marks, { x: width, text: `epoch ${end}`, anchor: "end" }];
}

/** The next larger of 1, 2, 5 times powers of ten; at least `least`. */
function roundStep(rough, least = 0) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return Math.max(least, [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= rough * 0.999));
}

/** Round numbers between two others, and their texts. */
function evenTicks(low, high) {
  const step = roundStep((high - low || 1) / 4);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) {
    ticks.push([tick, tick.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)))]);
  }
  return ticks;
}

function makeTimeline(film, seek) {
  const last = film.frames.length - 1;
  const drawing = svg("svg", { class: "film-curve", "aria-hidden": "true" });
  const slider = el("input", {
    type: "range", min: 0, max: last, step: 1, value: last, "aria-label": "Position in the training",
    input: () => seek(Number(slider.value)),
  });
  const root = block("film-time", drawing, slider);
  let draw = () => {};

  function layOut() {
    const width = root.clientWidth;
    if (!width) return;
    const scale = lossScale(film, width);
    drawing.setAttribute("viewBox", `0 0 ${width} ${CURVE.height}`);
    drawing.replaceChildren(...background(film, scale, width));
    const ahead = svg("path", { class: "film-ahead" });
    const behind = svg("path", { class: "film-behind" });
    const head = svg("line", { class: "film-head", y1: 0, y2: CURVE.height - CURVE.bottom });
    const dot = svg("circle", { class: "film-dot", r: 5.5 });
    drawing.append(ahead, behind, head, dot);
    draw = (index) => {
      const { loss } = film.frames[index];
      ahead.setAttribute("d", lossPath(film, scale, index, last));
      behind.setAttribute("d", lossPath(film, scale, 0, index));
      head.setAttribute("x1", scale.x(index));
      head.setAttribute("x2", scale.x(index));
      dot.setAttribute("cx", scale.x(index));
      dot.setAttribute("cy", Number.isFinite(loss) ? scale.y(loss) : CURVE.height - CURVE.bottom);
    };
    draw(Number(slider.value));
  }

  new ResizeObserver(layOut).observe(root);
  return {
    root,
    slider,
    show(index) {
      slider.value = index;
      slider.setAttribute("aria-valuetext", words(film, index));
      draw(index);
    },
  };
}

function background(film, scale, width) {
  const lines = scale.ticks.map(([tick, text]) => svg("g", {},
    svg("line", { class: "film-grid", x1: 0, x2: width, y1: scale.y(tick), y2: scale.y(tick) }),
    svg("text", { x: -8, y: scale.y(tick) + 4, "text-anchor": "end" }, text)));
  const base = CURVE.height - CURVE.bottom;
  const marks = epochMarks(film, scale, width).map(({ x, text, anchor }) =>
    svg("text", { x, y: CURVE.height - 5, "text-anchor": anchor }, text));
  const axis = svg("line", { class: "film-grid", x1: 0, x2: width, y1: base, y2: base });
  const name = scale.isLog ? "training loss, logarithmic" : "training loss";
  return [axis, ...lines, ...marks, svg("text", { x: width, y: 8, "text-anchor": "end" }, name)];
}

// The controls

const SPEEDS = [[0.5, "½×"], [1, "1×"], [2, "2×"], [4, "4×"]];
const SECONDS = 24; // how long a long film takes at normal speed
const MOST_PER_SECOND = 12; // frames: more cannot be followed

/** Play, single frames, speeds. `player` is {index, last, seek, redraw}. */
function makeControls(player) {
  const pace = Math.min(MOST_PER_SECOND, Math.max(3, player.last / SECONDS));
  const icon = svg("path", {});
  const play = el("button", { type: "button", class: "film-play", click: () => toggle() },
    svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, icon));
  const step = (by, name, path) => el("button", {
    type: "button", class: "film-button", "aria-label": name, title: name, click: () => { stop(); player.seek(player.index + by); },
  }, svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: path })));
  const speeds = SPEEDS.map(([value, text]) => el("button", {
    type: "button", class: "film-button", "aria-pressed": String(value === 1), "aria-label": `Speed ${value}`,
    click: () => { setSpeed(value); },
  }, text));
  let speed = 1, timer = 0, due = 0;

  function setSpeed(value) {
    speed = value;
    SPEEDS.forEach(([one], i) => speeds[i].setAttribute("aria-pressed", String(one === value)));
  }
  function isPlaying() { return timer !== 0; }
  function start() {
    if (isPlaying() || player.last === 0) return;
    if (player.index === player.last) player.seek(0);
    due = performance.now() + 1000 / (pace * speed);
    timer = requestAnimationFrame(tick);
    label();
  }
  function stop() {
    if (!isPlaying()) return;
    cancelAnimationFrame(timer);
    timer = 0;
    label();
  }
  function toggle() { if (isPlaying()) stop(); else start(); }
  function tick(now) {
    timer = requestAnimationFrame(tick);
    if (now < due) return;
    const wait = 1000 / (pace * speed);
    const frames = Math.min(1 + Math.floor((now - due) / wait), 8); // after a pause of the page, go on without a jump
    due = Math.max(due + frames * wait, now);
    player.seek(Math.min(player.index + frames, player.last));
    if (player.index === player.last) stop();
  }
  function label() {
    icon.setAttribute("d", isPlaying() ? "M8 6h3v12H8zM14 6h3v12h-3z" : "M9 5.5v13l10-6.5z");
    play.setAttribute("aria-label", isPlaying() ? "Pause" : "Play");
    play.title = isPlaying() ? "Pause" : "Play";
  }
  label();
  const root = block("film-controls", play,
    step(-1, "Previous frame", "M15 6l-7 6 7 6z"), step(1, "Next frame", "M9 6l7 6-7 6z"),
    el("span", { class: "film-speeds", role: "group", "aria-label": "Speed" }, ...speeds),
    el("span", { class: "film-keys", "aria-hidden": "true" }, "space plays · ← → one frame · drag the line"));
  return { root, start, stop, toggle, isPlaying };
}

// Small pictures of some frames below the curve, for films of which one part is a picture of all.

function makeStrip(film, seek, drawFrame) {
  const root = block("film-strip");
  let cells = [];
  function layOut() {
    const many = Math.max(2, Math.min(11, Math.floor(root.clientWidth / 62), film.frames.length));
    if (!root.clientWidth || many === cells.length) return;
    cells = Array.from({ length: many }, (_, i) => {
      const index = Math.round((i / (many - 1)) * (film.frames.length - 1));
      const canvas = el("canvas", { "aria-hidden": "true" });
      const button = el("button", { type: "button", tabindex: -1, "aria-label": words(film, index), click: () => seek(index) }, canvas);
      return { index, canvas, button };
    });
    root.replaceChildren(...cells.map((cell) => cell.button));
    redraw();
    show(current);
  }
  function redraw() { for (const { canvas, index } of cells) drawFrame(canvas, index); }
  let current = 0;
  function show(index) {
    current = index;
    const nearest = cells.reduce((best, cell) => Math.abs(cell.index - index) < Math.abs(best.index - index) ? cell : best, cells[0]);
    for (const cell of cells) cell.button.classList.toggle("on", cell === nearest);
  }
  new ResizeObserver(layOut).observe(root);
  return { root, show, redraw };
}
