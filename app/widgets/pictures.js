/**
 * @typedef {object} Pictures
 * @property {PictureCard[]} cards
 * @property {string} channel of the λ slider
 * @property {number} index initial index of λ, until the slider sends one
 * @property {string} width least width of a card, in CSS
 * @property {Legend | null} legend
 */

/**
 * @typedef {object} PictureCard
 * @property {string} title
 * @property {PictureCell[]} cells
 */

/**
 * @typedef {object} PictureCell
 * @property {string} label
 * @property {string[]} sources data URIs: one for all λ, or one per λ
 * @property {string[]} captions likewise
 * @property {string[]} alts likewise
 */

/**
 * @typedef {object} Legend
 * @property {string} source data URI of a strip of colours
 * @property {string} low meaning of its left end
 * @property {string} high meaning of its right end
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [text]
 */
function make(tag, text) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  return element;
}

/**
 * @param {string[]} list
 * @param {number} index
 */
const at = (list, index) => list[Math.min(index, list.length - 1)] ?? "";

/**
 * Build one captioned picture, with a function that shows it at another λ.
 * @param {PictureCell} cell
 */
function frame(cell) {
  const figure = make("figure"), image = make("img"), caption = make("figcaption"), text = make("span");
  if (cell.label) caption.append(make("strong", cell.label));
  caption.append(text);
  figure.append(image, caption);
  /** @param {number} index */
  const show = (index) => {
    const source = at(cell.sources, index);
    if (image.src !== source) image.src = source;
    image.alt = at(cell.alts, index);
    text.textContent = at(cell.captions, index);
  };
  return { figure, show };
}

/** @param {PictureCard} card */
function card({ title, cells }) {
  const item = make("li"), row = make("div");
  row.className = cells.length > 3 ? "fp-row is-wrapped" : "fp-row";
  row.style.setProperty("--n", String(cells.length));
  if (title) item.append(make("strong", title));
  const frames = cells.map(frame);
  row.append(...frames.map(({ figure }) => figure));
  item.append(row);
  return { item, frames };
}

/** @param {Legend | null} found */
function legend(found) {
  if (!found) return [];
  const strip = make("img");
  Object.assign(strip, { src: found.source, alt: "" });
  return [make("span", found.low), strip, make("span", found.high)];
}

/** @param {Call<Pictures>} call */
export default function ({ parentElement, data: [data] }) {
  /** @type {Part & { follow?: LamListener }} */
  const root = parentElement.querySelector(".fp-pictures");
  const list = root.querySelector(".fp-cards");
  list.style.setProperty("--card", data.width);
  const cards = data.cards.map(card);
  /** @param {number} index */
  const show = (index) => cards.forEach(({ frames }) => frames.forEach((each) => each.show(index)));
  show(window.fairprogLam?.[data.channel] ?? data.index);
  list.replaceChildren(...cards.map(({ item }) => item));
  root.querySelector(".fp-legend").replaceChildren(...legend(data.legend));

  window.removeEventListener("fairprog:lam", root.follow);
  root.follow = ({ detail }) => detail.channel === data.channel && show(detail.index);
  window.addEventListener("fairprog:lam", root.follow);
  return () => window.removeEventListener("fairprog:lam", root.follow);
}
