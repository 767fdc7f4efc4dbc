/**
 * @typedef {object} Live
 * @property {boolean} is_live whether there will be counters and rows: their place is kept
 * @property {Counter[]} counters
 * @property {string} counted on which rows
 * @property {LiveRow[]} rows
 * @property {string} note
 */

/**
 * @typedef {object} Counter
 * @property {string} name
 * @property {string} before
 * @property {string} now
 * @property {string} term of the field, for the name
 */

/**
 * @typedef {object} LiveRow
 * @property {string} picture a data URI; empty: the row is a text
 * @property {string} text
 * @property {string} title label and group
 * @property {string} verdict of the classifier with the trigger
 * @property {string} spoken whether that is right, for screen readers
 * @property {string} turned what it was without; empty: the same
 * @property {string} share P(class) without and with the trigger, in words
 * @property {number} before
 * @property {number} after
 * @property {boolean} is_right
 */

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} [text]
 */
function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** @param {Counter} found */
function counter(found) {
  const whole = make("div", ""), value = make("dd", "");
  value.append(make("span", "before", found.before), make("span", "before", " → "), make("span", "now", found.now));
  value.append(make("span", "term", found.term));
  whole.append(make("dt", "", found.name), value);
  return whole;
}

/** @param {LiveRow} found an empty row, which `update` fills */
function item(found) {
  const element = make("li", ""), bar = make("span", "bar");
  bar.setAttribute("aria-hidden", "true");
  bar.append(make("span", "fill"), make("span", "mark"));
  if (found.picture) element.append(make("img", ""));
  else element.append(make("span", "text"));
  const said = make("p", "said");
  said.append(make("span", "verdict"), make("span", "spoken"), make("span", "turned"));
  element.append(said, bar, make("span", "truth"), make("span", "share"));
  return element;
}

/**
 * @param {Element} element
 * @param {LiveRow} found
 */
function update(element, found) {
  const side = found.is_right ? "right" : "wrong", before = element.className;
  element.className = side;
  if (before && !before.includes(side)) {
    element.classList.add("just-turned");
  }
  const image = element.querySelector("img");
  if (image) {
    image.src = found.picture;
    image.alt = found.title;
  } else {
    /** @type {HTMLElement} */ (element.querySelector(".text")).textContent = found.text;
  }
  /** @type {HTMLElement} */ (element.querySelector(".verdict")).textContent = found.verdict;
  /** @type {HTMLElement} */ (element.querySelector(".spoken")).textContent = `, ${found.spoken}`;
  /** @type {HTMLElement} */ (element.querySelector(".turned")).textContent = found.turned;
  /** @type {HTMLElement} */ (element.querySelector(".truth")).textContent = found.title;
  /** @type {HTMLElement} */ (element.querySelector(".share")).textContent = found.share;
  /** @type {HTMLElement} */ (element.querySelector(".fill")).style.width = `${100 * found.after}%`;
  /** @type {HTMLElement} */ (element.querySelector(".mark")).style.left = `${100 * found.before}%`;
}

/** @param {Call<Live>} call */
export default function ({ parentElement, data: [data] }) {
  const root = parentElement.querySelector(".fp-live");
  root.classList.toggle("is-live", data.is_live);
  root.querySelector(".counters").replaceChildren(...data.counters.map(counter));
  root.querySelector(".counted").textContent = data.counted;
  const list = root.querySelector("ul");
  list.classList.toggle("are-texts", data.rows.some(({ picture }) => !picture));
  if (list.children.length !== data.rows.length) list.replaceChildren(...data.rows.map(item));
  data.rows.forEach((row, i) => update(list.children[i], row));
  root.querySelector(":scope > .note:last-child").textContent = data.note;
}
