// Data in the plane: the answer everywhere, and what every hidden unit computes there.

/** Class colours mixed by their probabilities; of one answer only, orange to blue. Row 0 of the grid is the lowest y. */
function paintAnswer(canvas, film, index, colours) {
  const { shape: [classes, height, width] } = film.parts.get("grid");
  const values = film.values(index, "grid");
  if (classes <= 2) {
    const start = (classes - 1) * width * height; // of two classes, the second
    const [low, high] = film.header.task === "regression" ? extremes(film, "grid") : [0, 1];
    return paint(canvas, values, width, height, low, high, colours.soft,
      (x, y) => start + (height - 1 - y) * width + x);
  }
  return mixed(canvas, values, classes, width, height, colours);
}

function mixed(canvas, values, classes, width, height, colours) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  const size = width * height;
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel += 4) {
      const place = (height - 1 - y) * width + x;
      let best = 0;
      for (let k = 1; k < classes; k++) if (values[k * size + place] > values[best * size + place]) best = k;
      const share = Math.max(0, (values[best * size + place] * classes - 1) / (classes - 1)) ** 0.85 * 0.78;
      const colour = colours.classes[best % colours.classes.length];
      for (let c = 0; c < 3; c++) image.data[pixel + c] = colours.middle[c] + (colour[c] - colours.middle[c]) * share;
      image.data[pixel + 3] = 255;
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const MOST_UNITS = 64; // in a film: of larger networks, these are the first ones

const knownExtremes = new Map();

/** Smallest and largest value of a part in the whole film. */
function extremes(film, name) {
  if (!knownExtremes.has(name)) {
    let low = Infinity, high = -Infinity;
    film.frames.forEach((_, index) => {
      for (const value of film.values(index, name)) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    });
    knownExtremes.set(name, [low, high]);
  }
  return knownExtremes.get(name);
}

/** The line on which two classes are equally likely, as an SVG path in a square of size 1 (marching squares). */
function boundary(values, width, height, level, start = 0) {
  const at = (x, y) => values[start + y * width + x] - level;
  const point = (x, y) => `${((x + 0.5) / width).toFixed(4)},${(1 - (y + 0.5) / height).toFixed(4)}`;
  let path = "";
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) {
      const [a, b, c, d] = [at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)];
      const crossings = [];
      if (a > 0 !== b > 0) crossings.push(point(x + a / (a - b), y));
      if (b > 0 !== c > 0) crossings.push(point(x + 1, y + b / (b - c)));
      if (d > 0 !== c > 0) crossings.push(point(x + d / (d - c), y + 1));
      if (a > 0 !== d > 0) crossings.push(point(x, y + a / (a - d)));
      for (let i = 0; i + 1 < crossings.length; i += 2) path += `M${crossings[i]}L${crossings[i + 1]}`;
    }
  }
  return path;
}

/** Test samples over the picture; classes differ in colour and in shape. */
function pointMarks(film, facts) {
  const { x: [left, right], y: [low, high] } = film.header.grid;
  const [least, most] = facts.labels.length ? [0, 1] : facts.targets;
  return facts.points.map(([x, y, value]) => {
    const at = [(x - left) / (right - left), 1 - (y - low) / (high - low)];
    const kind = facts.labels.length ? value : value > (least + most) / 2 ? 1 : 0;
    return pointMark(at, kind, 0.0095);
  });
}

function pointMark([x, y], kind, size) {
  const name = `film-point c${kind % 10}`;
  if (kind % 2) return svg("rect", { class: name, x: x - size * 0.9, y: y - size * 0.9, width: size * 1.8, height: size * 1.8 });
  return svg("circle", { class: name, cx: x, cy: y, r: size });
}

/** Share of the points that lie on their side; read from the grid, so near the boundary it is an estimate. */
function rightPoints(film, index, facts) {
  const { shape: [classes, height, width] } = film.parts.get("grid");
  const { x: [left, right], y: [low, high] } = film.header.grid;
  const values = film.values(index, "grid");
  const place = (value, from, to, size) => Math.max(0, Math.min(size - 1, Math.floor(((value - from) / (to - from)) * size)));
  const isRight = ([x, y, label]) => {
    const at = place(y, low, high, height) * width + place(x, left, right, width);
    if (classes === 1) return (values[at] > 0.5 ? 1 : 0) === label;
    let best = 0;
    for (let k = 1; k < classes; k++) if (values[k * width * height + at] > values[best * width * height + at]) best = k;
    return best === label;
  };
  return facts.points.filter(isRight).length / facts.points.length;
}

function makeAnswer(film, facts) {
  const { shape: [classes, height, width] } = film.parts.get("grid");
  const canvas = el("canvas", {}), line = svg("path", { class: "film-boundary" });
  const marks = svg("svg", { viewBox: "0 0 1 1", "aria-hidden": "true" }, line, ...pointMarks(film, facts));
  const title = heading("");
  const picture = el("div", { class: "film-picture", role: "img" }, canvas, marks);
  const ofAnswer = key(facts), low = el("span", {}), high = el("span", {});
  const ofUnit = block("film-key", low, el("i", {}), high);
  const root = block("film-answer", title, picture, ofAnswer, ofUnit);
  const hasLine = facts.labels.length === 2;
  return {
    root,
    show(index, colours, unit) {
      line.setAttribute("d", hasLine && !unit
        ? boundary(film.values(index, "grid"), width, height, 0.5, (classes - 1) * width * height) : "");
      const name = unit ? `Unit ${unit.index + 1} of ${unit.of}` : "What the network answers, everywhere";
      say(title, name);
      picture.setAttribute("aria-label", `${name}: ${words(film, index)}`);
      ofAnswer.hidden = Boolean(unit);
      ofUnit.hidden = !unit;
      if (!unit) return paintAnswer(canvas, film, index, colours);
      const most = paintUnit(canvas, film, index, unit, colours.soft);
      say(low, short(-most));
      say(high, short(most));
    },
  };
}

function key(facts) {
  if (!facts.labels.length) {
    return block("film-key", el("span", {}, short(facts.targets[0])), el("i", {}), el("span", {}, short(facts.targets[1])));
  }
  const mark = (kind) => svg("svg", { viewBox: "-1.2 -1.2 2.4 2.4", "aria-hidden": "true" }, pointMark([0, 0], kind, 0.9));
  if (facts.labels.length > 2) {
    return block("film-key", ...facts.labels.map((label, i) => el("span", {}, mark(i), label)));
  }
  return block("film-key", el("span", {}, mark(0), facts.labels[0]), el("i", {}), el("span", {}, facts.labels[1], mark(1)));
}

/** One unit; values of 0 have the middle colour. Returns the value that the ends of the scale stand for. */
function paintUnit(canvas, film, index, unit, scale) {
  const { shape: [, height, width] } = film.parts.get(unit.name);
  const size = width * height;
  const values = film.values(index, unit.name).subarray(unit.index * size, (unit.index + 1) * size);
  const most = reach(values, 0.05);
  paint(canvas, values, width, height, -most, most, scale, (x, y) => (height - 1 - y) * width + x);
  return most;
}

// The network: columns of maps, with lines whose width is the weight.

const MOST_IN_A_COLUMN = 12; // more units stand beside each other
const MOST_WITH_LINES = 24; // between more units, lines only cover each other

function makeNetwork(film, facts, choose) {
  const lines = el("canvas", { class: "film-lines", "aria-hidden": "true" });
  const inputs = column("inputs", facts.features.slice(0, 2).map((name, axis) => {
    const canvas = el("canvas", {});
    return { canvas, axis, node: block("film-input", el("span", {}, name), canvas) };
  }));
  const columns = film.group("unit").map((part) => column(part.of, Array.from({ length: part.shape[0] }, (_, index) => {
    const canvas = el("canvas", {}), unit = { name: part.name, of: part.of, index };
    const node = el("button", {
      type: "button", class: "film-unit", tabindex: -1, "aria-pressed": "false", "aria-label": `Unit ${index + 1} of ${part.of}`,
      pointerenter: (event) => { if (event.pointerType !== "touch") choose.look(unit); },
      pointerleave: () => choose.look(null),
      focus: (event) => { if (event.target.matches(":focus-visible")) choose.look(unit); },
      blur: () => choose.look(null),
      click: () => choose.pin(unit),
    }, canvas);
    return { canvas, unit, node };
  }), part.name));
  moveByArrows(columns.flatMap(({ cells }) => cells.map(({ node }) => node)));
  const exits = exitColumn(film.parts.get("grid").shape[0]), shown = columns.flatMap(({ cells }) => cells).length;
  const root = block("film-network", heading(shown < MOST_UNITS ? "What every unit computes" : `What the first ${shown} units compute`),
    el("div", { class: "film-columns", role: "group", "aria-label": "Units: the up and down arrows go from one to the next" },
      lines, inputs.root, ...columns.map((one) => one.root), exits.root));
  const all = [inputs, ...columns, exits];
  return {
    root,
    show(index, colours, pinned) {
      for (const { canvas, axis } of inputs.cells) {
        paint(canvas, new Float32Array(256).map((_, i) => axis === 0 ? i % 16 : 15 - (i >> 4)), 16, 16, 0, 15, colours.scale);
      }
      for (const { cells } of columns) {
        for (const { canvas, unit, node } of cells) {
          paintUnit(canvas, film, index, unit, colours.scale);
          node.setAttribute("aria-pressed", String(isSame(unit, pinned)));
        }
      }
      drawLines(lines, film, index, facts, all, colours);
    },
  };
}

/** One stop for the tab key, however many buttons there are: the up and down arrows go from one to the next. */
function moveByArrows(buttons) {
  buttons[0].tabIndex = 0;
  buttons.forEach((button, i) => button.addEventListener("keydown", (event) => {
    const next = buttons[i + (event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0)];
    if (!next || next === button) return;
    event.preventDefault();
    button.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }));
}

const isSame = (a, b) => Boolean(a && b) && a.name === b.name && a.index === b.index;

function column(name, cells, part = "input") {
  const root = block("film-column", label(name), block("film-cells", ...cells.map((cell) => cell.node)));
  root.style.setProperty("--many", String(Math.ceil(cells.length / MOST_IN_A_COLUMN)));
  return { root, cells, part };
}

/** One dot for the answer, or one for each class. */
function exitColumn(classes) {
  const dots = Array.from({ length: classes }, (_, i) => el("span", { class: classes > 2 ? `film-exit c${i % 10}` : "film-exit" }));
  return { root: block("film-exits", ...dots), cells: dots.map((node) => ({ node })), part: "grid" };
}

function drawLines(canvas, film, index, facts, columns, colours) {
  const box = canvas.parentElement.getBoundingClientRect();
  const context = fitted(canvas, box.width, box.height);
  if (getComputedStyle(canvas).display === "none") return;
  const middle = (element, side) => {
    const place = element.getBoundingClientRect();
    return [side === "right" ? place.right - box.left : place.left - box.left, (place.top + place.bottom) / 2 - box.top];
  };
  for (const { weights, from, to } of facts.lines) {
    const part = film.parts.get(weights);
    const sources = columns.find((one) => one.part === from)?.cells ?? [];
    const targets = columns.find((one) => one.part === to)?.cells ?? [];
    if (!part || Math.max(sources.length, targets.length) > MOST_WITH_LINES) continue;
    const values = film.values(index, weights);
    const outputs = part.shape.at(-1);
    const most = reach(values);
    sources.forEach((source, i) => targets.forEach((target, j) => {
      // One dot stands for two outputs: it is blue where the second one wins.
      const value = targets.length === 1 && outputs === 2 ? values[2 * i + 1] - values[2 * i] : values[i * outputs + j];
      if (Math.abs(value) < most * 0.02) return;
      curve(context, middle(source.canvas, "right"), middle(target.canvas ?? target.node, "left"), value / most, colours);
    }));
  }
}

function curve(context, [x1, y1], [x2, y2], weight, colours) {
  const size = Math.min(1, Math.abs(weight));
  const bend = (x2 - x1) * 0.45;
  context.beginPath();
  context.moveTo(x1, y1);
  context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
  context.strokeStyle = css(weight > 0 ? colours.blue : colours.orange, 0.12 + 0.78 * size);
  context.lineWidth = 0.4 + 2.6 * size;
  context.stroke();
}

function makePlane(film, facts, redraw) {
  let looked = null, pinned = null;
  const choose = {
    look(unit) { looked = unit; redraw(); },
    pin(unit) { pinned = isSame(unit, pinned) ? null : unit; looked = null; redraw(); },
  };
  const answer = makeAnswer(film, facts);
  const network = film.group("unit").length ? makeNetwork(film, facts, choose) : null;
  return {
    root: block("film-plane", ...(network ? [network.root] : []), answer.root),
    strip: (canvas, index, colours) => paintAnswer(canvas, film, index, colours),
    fact: facts.labels.length ? {
      name: "Test points on the right side",
      value: (index) => percent(rightPoints(film, index, facts)),
      share: (index) => rightPoints(film, index, facts),
    } : null,
    show(index, colours) {
      network?.show(index, colours, pinned);
      answer.show(index, colours, looked ?? pinned);
    },
  };
}
