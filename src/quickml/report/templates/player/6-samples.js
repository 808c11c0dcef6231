// What the network does with one sample, layer by layer, and what it says about the probes.

/** A picture, a curve, words or numbers: what the report embeds of a sample. */
function drawnSample(sample, name) {
  if (sample.picture) return el("img", { class: "film-pixels", src: sample.picture, alt: name });
  if (sample.curves) {
    return svg("svg", { class: "film-steps", viewBox: sample.box.join(" "), preserveAspectRatio: "none", role: "img", "aria-label": name },
      ...sample.curves.map((path, i) => svg("path", { class: `c${i % 10}`, d: path })));
  }
  return el("span", { class: "film-words" }, sample.words ?? sample.values.join("  "));
}

/** The shown sample; the values of a table with the names of their features. */
function drawnInput(facts, name) {
  if (!facts.sample.values) return drawnSample(facts.sample, name);
  return block("film-values", ...facts.sample.values.map((value, i) =>
    el("span", {}, facts.features[i] ?? `feature ${i + 1}`, " ", el("b", {}, value))));
}

// Activations

/** Rows of maps for pictures, one strip for vectors, units over time for sequences. */
function makeActivation(film, part, facts) {
  const title = label(part.of);
  const answers = part.shape[0] === 1 ? 2 : part.shape[0]; // one output is the probability of the second class
  const isLast = part.shape.length === 1 && answers === facts.labels.length && facts.layers.at(-1) === part.of;
  const view = part.shape.length === 1 ? (isLast ? makeBars(film, part, facts) : makeVector(film, part))
    : part.shape.length === 2 ? makeOverTime(film, part) : makeMaps(film, part);
  return { root: block(`film-layer ${view.kind}`, title, view.root), show: view.show };
}

function makeMaps(film, part) {
  const [maps, height, width] = part.shape;
  const cells = Array.from({ length: maps }, (_, i) => el("canvas", { class: "film-pixels", role: "img", "aria-label": `map ${i + 1}` }));
  return {
    kind: "maps",
    root: block("film-maps", ...cells),
    show(index, colours) {
      const values = film.values(index, part.name);
      const most = reach(values);
      cells.forEach((canvas, i) => paint(canvas, values.subarray(i * height * width), width, height, -most, most, colours.scale));
    },
  };
}

function makeVector(film, part) {
  if (part.size === 1) return makeValue(film, part);
  const canvas = el("canvas", { class: "film-pixels", role: "img", "aria-label": count(part.size, "unit") });
  return {
    kind: "vector",
    root: canvas,
    show(index, colours) {
      const values = film.values(index, part.name);
      const most = reach(values);
      paint(canvas, values, part.size, 1, -most, most, colours.scale);
    },
  };
}

function makeValue(film, part) {
  const value = el("b", {});
  return { kind: "value", root: value, show: (index) => say(value, short(film.values(index, part.name)[0])) };
}

function makeOverTime(film, part) {
  const [steps, units] = part.shape;
  const canvas = el("canvas", { class: "film-pixels film-time-map", role: "img", "aria-label": `${count(units, "unit")} over ${count(steps, "step")}` });
  return {
    kind: "time",
    root: canvas,
    show(index, colours) {
      const values = film.values(index, part.name);
      const most = reach(values);
      paint(canvas, values, steps, units, -most, most, colours.scale, (x, y) => x * units + y);
    },
  };
}

function makeBars(film, part, facts) {
  const rows = facts.labels.slice(0, 20).map((label) => {
    const bar = el("i", {}), value = el("b", {});
    return { bar, value, row: block("film-bar", el("span", {}, label), el("div", {}, bar), value) };
  });
  return {
    kind: "bars",
    root: block("film-bars", ...rows.map(({ row }) => row)),
    show(index) {
      const values = probabilities(film.values(index, part.name), 0, part.size);
      const best = values.indexOf(Math.max(...values));
      rows.forEach(({ bar, value, row }, i) => {
        bar.style.width = `${Math.max(0, Math.min(1, values[i])) * 100}%`;
        say(value, percent(values[i]));
        row.classList.toggle("best", i === best);
      });
    },
  };
}

function makeSample(film, facts) {
  const parts = film.group("activation");
  if (!parts.length || !facts.sample) return null;
  const layers = parts.map((part) => makeActivation(film, part, facts));
  const { sample } = facts;
  const name = `Test sample ${sample.index}, true ${facts.labels.length ? "class" : "value"} ${sample.name}`;
  const root = block(`film-sample ${facts.kind}`, heading("What every layer does with one sample"),
    el("p", { class: "note" }, name), block("film-layer input", el("h4", {}, "input"), drawnInput(facts, name)),
    ...layers.map((layer) => layer.root));
  return { root, show: (index, colours) => layers.forEach((layer) => layer.show(index, colours)) };
}

// Filters of the first convolution

function makeFilters(film) {
  const views = film.group("filters").map((part) => {
    const shape = part.shape.length === 2 ? [part.shape[0], 1, part.shape[1]] : part.shape;
    const [filters, height, width] = shape;
    const cells = Array.from({ length: filters }, (_, i) => el("canvas", { class: "film-pixels", role: "img", "aria-label": `filter ${i + 1}` }));
    return {
      root: block("film-filters", heading(`Filters of ${part.of.split("/")[0]}`), block(`film-maps ${height === 1 ? "flat" : "small"}`, ...cells)),
      show(index, colours) {
        const values = film.values(index, part.name);
        const most = reach(values);
        cells.forEach((canvas, i) => paint(canvas, values.subarray(i * height * width), width, height, -most, most, colours.scale));
      },
    };
  });
  if (!views.length) return null;
  return { root: block("film-group", ...views.map((view) => view.root)), show: (...now) => views.forEach((view) => view.show(...now)) };
}

// Probes: the same test samples in every frame

/** Probabilities of all classes; of one output, those of both classes. */
function probabilities(values, row, outputs) {
  if (outputs === 1) return [1 - values[row], values[row]];
  return Array.from(values.subarray(row * outputs, (row + 1) * outputs));
}

function makeProbes(film, facts) {
  const part = film.parts.get("probes");
  if (!part || !facts.probes.length) return null;
  return facts.labels.length ? makeClassProbes(film, facts, part) : makeValueProbes(film, facts, part);
}

function makeClassProbes(film, facts, part) {
  const outputs = part.shape[1];
  const right = el("p", { class: "note" });
  const cells = facts.probes.map((probe) => {
    const truth = facts.labels[probe.truth];
    const said = el("b", {}), bar = el("i", {});
    const node = el("li", { class: "film-probe" }, drawnSample(probe, `test sample ${probe.index}, ${truth}`),
      block("film-share", bar), said);
    return { node, said, bar, probe, truth };
  });
  const root = block(`film-probes ${facts.kind}`, heading(`The same ${count(cells.length, "test sample")} in every frame`), right, el("ul", {}, ...cells.map(({ node }) => node)));
  const answers = (index) => {
    const values = film.values(index, "probes");
    return cells.map((_, row) => probabilities(values, row, outputs));
  };
  const best = (chances) => chances.indexOf(Math.max(...chances));
  const rightOf = (index) => answers(index).filter((chances, row) => best(chances) === facts.probes[row].truth).length;
  return {
    root,
    fact: {
      name: `Right, of ${count(cells.length, "test sample")}`,
      value: (index) => String(rightOf(index)),
      share: (index) => rightOf(index) / cells.length,
    },
    show(index) {
      answers(index).forEach((chances, row) => {
        const { node, said, bar, probe, truth } = cells[row];
        const answer = best(chances), isRight = answer === probe.truth;
        node.classList.toggle("wrong", !isRight);
        bar.style.width = `${chances[probe.truth] * 100}%`;
        say(said, isRight ? truth : `✗ ${facts.labels[answer]}`);
        node.title = `true ${truth}: ${percent(chances[probe.truth])}${isRight ? "" : `; answer ${facts.labels[answer]}: ${percent(chances[answer])}`}`;
      });
      say(right, `${rightOf(index)} right. The bar is the probability of the true class; ✗ marks a wrong answer.`);
    },
  };
}

/** Predicted over true values; exact predictions lie on the line. */
function makeValueProbes(film, facts, part) {
  const truths = facts.probes.map((probe) => probe.truth);
  const [from, to] = extremes(film, "probes");
  const low = Math.min(from, ...truths), high = Math.max(to, ...truths);
  const place = (value) => 0.04 + 0.92 * ((value - low) / (high - low || 1));
  const dots = truths.map((truth) => svg("circle", { class: "film-point c1", cx: place(truth), r: 0.013 }));
  const drawing = svg("svg", { class: "film-scatter", viewBox: "0 0 1 1", role: "img", "aria-label": "Predicted and true values" },
    svg("line", { class: "film-grid", x1: 0.04, y1: 0.96, x2: 0.96, y2: 0.04 }), ...dots);
  const error = (index) => {
    const values = film.values(index, "probes");
    return truths.reduce((sum, truth, row) => sum + Math.abs(values[row * part.shape[1]] - truth), 0) / truths.length;
  };
  return {
    root: block("film-probes values", heading(`Predicted and true values of ${count(truths.length, "test sample")}`), drawing,
      el("p", { class: "note" }, `True values go to the right, predicted ones up, both from ${short(low)} to ${short(high)}. Exact predictions lie on the line.`)),
    fact: { name: `Mean absolute error of ${count(truths.length, "test sample")}`, value: (index) => short(error(index)), share: null },
    show(index) {
      const values = film.values(index, "probes");
      dots.forEach((dot, row) => dot.setAttribute("cy", 1 - place(values[row * part.shape[1]])));
    },
  };
}

// Weights

/** Kernels as small matrices of colours, lying on their longer side. */
function makeMatrices(film) {
  const parts = film.group("weights").filter((part) => part.shape.length === 2);
  if (!parts.length) return null;
  const cells = parts.map((part) => {
    const [inputs, units] = part.shape;
    const isTurned = inputs > units;
    const [width, height] = isTurned ? [inputs, units] : [units, inputs];
    const canvas = el("canvas", { class: "film-pixels", role: "img", "aria-label": `${inputs} × ${units} weights` });
    const range = el("small", {});
    canvas.style.aspectRatio = `${width} / ${height}`;
    canvas.style.maxWidth = `${width * 18}px`;
    const caption = el("figcaption", {}, label(part.of), el("small", {}, isTurned ? "inputs →, units ↓" : "units →, inputs ↓"));
    const at = isTurned ? (x, y) => x * units + y : (x, y) => y * units + x;
    return { part, canvas, range, width, height, at, node: el("figure", {}, caption, canvas, range) };
  });
  return {
    root: block("film-weights", heading("Weights"), block("film-matrices", ...cells.map(({ node }) => node))),
    show(index, colours) {
      for (const { part, canvas, range, width, height, at } of cells) {
        const values = film.values(index, part.name);
        const most = reach(values);
        paint(canvas, values, width, height, -most, most, colours.scale, at);
        say(range, `orange −${short(most)} to blue ${short(most)}`);
      }
    },
  };
}

/** How the weights of every kernel are distributed, on one axis for the whole film. */
function makeHistograms(film) {
  const parts = film.group("histogram");
  if (!parts.length) return null;
  const cells = parts.map((part) => {
    const ranges = film.frames.map((_, index) => film.counted(index, part.name));
    const low = Math.min(...ranges.map(([one]) => one)), high = Math.max(...ranges.map(([, one]) => one));
    const canvas = el("canvas", { role: "img" }), range = el("small", {});
    return { part, low, high, canvas, range, node: el("figure", {}, el("figcaption", {}, label(part.of), range), canvas) };
  });
  const body = block("film-histogram-grid", ...cells.map(({ node }) => node));
  const root = el("details", { class: "film-histograms" }, el("summary", {}, `Distribution of the weights in ${count(cells.length, "kernel")}`), body);
  return {
    root,
    show(index, colours) {
      if (!root.open) return;
      for (const cell of cells) drawHistogram(film, index, cell, colours);
    },
  };
}

function drawHistogram(film, index, { part, low, high, canvas, range }, colours) {
  const width = canvas.clientWidth || 200, height = 64;
  const context = fitted(canvas, width, height);
  const [from, to] = film.counted(index, part.name);
  const shares = film.values(index, part.name);
  const scale = width / (high - low || 1);
  const bin = ((to - from) / part.size) * scale;
  const most = Math.max(...shares);
  shares.forEach((share, i) => {
    const tall = most > 0 ? (share / most) * (height - 4) : 0;
    context.fillStyle = css(colours.blue, 0.85);
    context.fillRect((from - low) * scale + i * bin, height - tall, Math.max(bin - 0.6, 0.8), tall);
  });
  if (low < 0 && high > 0) {
    context.fillStyle = css(colours.ink, 0.35);
    context.fillRect(-low * scale, 0, 1, height);
  }
  say(range, `${short(from)} to ${short(to)}`);
  canvas.setAttribute("aria-label", `Weights from ${short(from)} to ${short(to)}`);
}
