// Colours. They come from the style sheet, so that light, dark and print need no code.

/** The colours of the film as red, green and blue, 0 to 255. */
function readColours(root) {
  const style = getComputedStyle(root);
  const colour = (name) => {
    const digits = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((i) => parseInt(digits.slice(i, i + 2), 16));
  };
  const blue = colour("--film-blue"), orange = colour("--film-orange"), middle = colour("--film-middle");
  const classes = Array.from({ length: 10 }, (_, i) => colour(`--film-class-${i}`));
  return { blue, orange, middle, ink: colour("--film-ink"), classes, scale: diverging(orange, middle, blue, 1), soft: diverging(orange, middle, blue, 0.78) };
}

/** 256 colours from one end over the middle to the other, as bytes for ImageData; `depth` 1 reaches the ends. */
function diverging(low, middle, high, depth) {
  const scale = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i - 127.5) / 127.5;
    const share = depth * Math.abs(at) ** 0.85; // the middle is narrow, so that a boundary is seen
    const end = at < 0 ? low : high;
    for (let c = 0; c < 3; c++) scale[3 * i + c] = middle[c] + (end[c] - middle[c]) * share;
  }
  return scale;
}

const css = ([r, g, b], alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;

// Drawing on canvases

/** Resize a canvas to its place on the page, in device pixels; returns its context in CSS pixels. */
function fitted(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Draw numbers as one pixel each: `low` is orange, `high` blue. `at(x, y)` is an index of `values`. */
function paint(canvas, values, width, height, low, high, scale, at = (x, y) => y * width + x) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  const factor = high > low ? 255 / (high - low) : 0;
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel += 4) {
      const value = factor ? (values[at(x, y)] - low) * factor : 127.5;
      const index = 3 * Math.max(0, Math.min(255, Math.round(value) || 0));
      image.data[pixel] = scale[index];
      image.data[pixel + 1] = scale[index + 1];
      image.data[pixel + 2] = scale[index + 2];
      image.data[pixel + 3] = 255;
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Largest absolute value, at least `least`. */
function reach(values, least = 1e-6) {
  let most = least;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > most && size < Infinity) most = size;
  }
  return most;
}
