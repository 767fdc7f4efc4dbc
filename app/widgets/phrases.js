/**
 * @typedef {object} Phrases
 * @property {Phrase[]} phrases
 * @property {string} channel of the λ slider
 * @property {number} index initial index of λ, until the slider sends one
 * @property {string} nothing the text of a phrase without words
 * @property {PhrasesWords} words
 */

/**
 * @typedef {object} Phrase
 * @property {string[]} names of the phrase: one for all λ, or one per λ
 * @property {string[][]} texts the words: for all λ, or per λ
 * @property {boolean} is_approximate whether the words only approximate the trigger, whose learned vectors are not words
 * @property {boolean} can_copy
 */

/**
 * @typedef {object} PhrasesWords
 * @property {string} copy
 * @property {string} copied
 */

const SECONDS = 1.5; // the button reads “copied”

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {string} [text]
 */
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * @template Value
 * @param {Value[]} list
 * @param {number} index
 */
const at = (list, index) => list[Math.min(index, list.length - 1)];

/* Where the browser refuses (a page without https), the words are selected instead, ready for Ctrl+C. */
/**
 * @param {HTMLElement} place
 * @param {HTMLButtonElement} button
 * @param {PhrasesWords} words
 */
async function copy(place, button, words) {
  try {
    await navigator.clipboard.writeText(place.textContent ?? "");
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = words.copy), 1000 * SECONDS);
  } catch {
    getSelection()?.selectAllChildren(place);
  }
}

/**
 * @param {Phrase} found
 * @param {Phrases} data
 */
function phrase(found, data) {
  const name = make("dt"), body = make("dd"), text = make("span", found.is_approximate ? "is-approximate" : "");
  text.dir = "auto";
  body.append(text);
  if (found.can_copy) {
    const button = make("button", "", data.words.copy);
    button.type = "button";
    button.onclick = () => copy(text, button, data.words);
    body.append(button);
  }
  /** @param {number} index */
  const show = (index) => {
    const words = at(found.texts, index);
    name.textContent = at(found.names, index);
    text.textContent = words.join(" ") || data.nothing;
    text.classList.toggle("is-nothing", !words.length);
  };
  return { elements: [name, body], show };
}

/** @param {Call<Phrases>} call */
export default function ({ parentElement, data: [data] }) {
  /** @type {Part & { follow?: LamListener }} */
  const root = parentElement.querySelector(".fp-phrases");
  const phrases = data.phrases.map((found) => phrase(found, data));
  /** @param {number} index */
  const show = (index) => phrases.forEach((each) => each.show(index));
  show(window.fairprogLam?.[data.channel] ?? data.index);
  root.replaceChildren(...phrases.flatMap(({ elements }) => elements));

  window.removeEventListener("fairprog:lam", root.follow);
  root.follow = ({ detail }) => detail.channel === data.channel && show(detail.index);
  window.addEventListener("fairprog:lam", root.follow);
  return () => window.removeEventListener("fairprog:lam", root.follow);
}
