// Elements. Text from the film and from the data is set as text nodes only.

const SVG = "http://www.w3.org/2000/svg";

/** Create an element. Attributes that are functions become listeners; strings become text nodes. */
function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const block = (name, ...children) => el("div", { class: name }, ...children);
const heading = (text) => el("h3", {}, text);
const label = (name) => el("h4", {}, name.replaceAll(/[_/]/g, "$&\u200b")); // long names may break there

/** Change the text of an element, if it differs. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Numbers in words

/** Three significant digits: `0.178`, `12.3`, `1.2e−5`. */
function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e5)) return value.toExponential(1).replace("-", "−").replace("e-", "e−");
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

/** Whole percent; a share below 1 is never shown as 100 %, and one above 0 never as 0 %. */
function percent(share) {
  if (!Number.isFinite(share)) return "–";
  const whole = Math.round(share * 100);
  if (whole === 100 && share < 1) return "> 99 %";
  if (whole === 0 && share > 0) return "< 1 %";
  return `${whole} %`;
}

const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
