// The player puts everything together.

function makeFacts(film, extra) {
  const epoch = el("b", {}), of = el("span", {}), step = el("p", { class: "note" });
  const loss = el("b", {}), value = el("b", {}), bar = el("i", {});
  const root = block("film-facts",
    el("h4", {}, "Epoch"), el("p", { class: "film-big" }, epoch, of), step,
    el("h4", {}, "Loss"), el("p", { class: "film-big" }, loss),
    ...(extra ? [el("h4", {}, extra.name), el("p", { class: "film-big" }, value)] : []),
    ...(extra?.share ? [block("film-share", bar)] : []));
  return {
    root,
    show(index) {
      const { number, loss: now } = film.frames[index];
      say(epoch, String(film.epoch(index)));
      say(of, ` of ${film.header.epochs}`);
      say(step, film.isRestored(index) ? "best weights, restored" : number === 0 ? "before the first step" : `step ${number.toLocaleString("en")}`);
      say(loss, short(now));
      if (extra) say(value, extra.value(index));
      if (extra?.share) bar.style.width = `${extra.share(index) * 100}%`;
    },
  };
}

/** All views that this film has parts for, the main one first. */
function makeViews(film, facts, redraw) {
  const plane = film.parts.has("grid") && facts.points ? makePlane(film, facts, redraw) : null;
  const main = plane ? [plane] : [makeSample(film, facts), makeProbes(film, facts)];
  const more = plane ? [] : [makeFilters(film), makeMatrices(film)];
  return [...main, ...more, makeHistograms(film)].filter(Boolean);
}

function makePlayer(root, film, facts) {
  let colours = readColours(root), waiting = 0;
  const player = { index: film.frames.length - 1, last: film.frames.length - 1, seek };
  const views = makeViews(film, facts, redraw);
  const extra = views.map((view) => view.fact).find(Boolean) ?? null;
  const panel = makeFacts(film, extra);
  const timeline = makeTimeline(film, (index) => { controls.stop(); seek(index); });
  const drawStrip = views.find((view) => view.strip)?.strip;
  const strip = drawStrip ? makeStrip(film, (index) => { controls.stop(); seek(index); }, (canvas, index) => drawStrip(canvas, index, colours)) : null;
  const controls = makeControls(player);

  function seek(index) {
    player.index = Math.max(0, Math.min(player.last, index));
    redraw();
  }
  /** Draw once before the next repaint, however often it is asked for. */
  function redraw() {
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); });
  }
  function draw() {
    for (const part of [...views, panel, timeline, strip]) part?.show(player.index, colours);
    root.dataset.frame = String(film.frames[player.index].number);
  }
  function recolour() {
    colours = readColours(root);
    strip?.redraw();
    draw();
  }

  const histograms = views.find((view) => view.root.matches("details"));
  const stage = block("film-stage", ...views.filter((view) => view !== histograms).map((view) => view.root), panel.root);
  const dock = block("film-dock", controls.root, timeline.root);
  root.replaceChildren(stage, ...(histograms ? [histograms.root] : []), dock, ...(strip ? [strip.root] : []));
  histograms?.root.addEventListener("toggle", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  matchMedia("print").addEventListener("change", recolour);
  addEventListener("beforeprint", () => { controls.stop(); recolour(); });
  new ResizeObserver(redraw).observe(stage);
  root.addEventListener("keydown", (event) => onKey(event, player, controls));
  playWhenSeen(root, controls, player);
  draw();
}

/** Space plays; the arrows, Home and End move. Buttons and the slider keep the keys that browsers give them. */
function onKey(event, player, controls) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const moves = { ArrowLeft: player.index - 1, ArrowRight: player.index + 1, Home: 0, End: player.last };
  const isButton = event.target.matches("button, summary");
  if (event.key === " " && !isButton) controls.toggle();
  else if (event.key in moves) { controls.stop(); player.seek(moves[event.key]); }
  else return;
  event.preventDefault();
}

/** Play once, when the film comes into view; never for readers who asked for less motion. */
function playWhenSeen(root, controls, player) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let isTouched = false;
  for (const kind of ["pointerdown", "keydown"]) root.addEventListener(kind, () => { isTouched = true; }, { once: true });
  const observer = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    if (!isTouched) { player.seek(0); controls.start(); }
  }, { threshold: 0.35 });
  observer.observe(root);
}

async function main() {
  const root = document.getElementById("film"), still = document.getElementById("film-still");
  const problem = document.getElementById("film-problem");
  try {
    if (!("DecompressionStream" in window)) throw new Error("this browser is too old to play it");
    const film = await Film.read(fromBase64(document.getElementById("film-bytes").textContent));
    const facts = JSON.parse(document.getElementById("film-facts").textContent);
    makePlayer(root, film, facts);
    still.hidden = true;
    root.hidden = false;
  } catch (error) {
    problem.textContent = `The film cannot be played: ${error.message}. The still picture shows its end.`;
    problem.hidden = false;
  }
}

main();
