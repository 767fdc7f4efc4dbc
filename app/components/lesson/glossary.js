/**
 * Puts the page's glossary into a language: its button and its window, which Python draws (app/widgets/page.py).
 * @param {Record<string, unknown>} languages
 * @param {string} key of the language
 */
export function speakGlossary(languages, key) {
  const { ui, glossary } = /** @type {{ ui: Record<string, string>, glossary: Record<string, string[]> }} */ (languages[key]);
  const opener = /** @type {HTMLElement | null} */ (document.querySelector(".fp-words"));
  const list = /** @type {HTMLElement | null} */ (document.querySelector("#fp-glossary"));
  const [title, terms, closer] = ["h2", "dl", "button"].map((tag) => list?.querySelector(tag));
  if (!opener || !list || !title || !terms || !closer || opener.lang === key) return;
  opener.lang = list.lang = key;
  opener.textContent = ui.glossary_button;
  const link = /** @type {HTMLElement | null} */ (document.querySelector(".fp-link"));
  if (link) {
    link.textContent = ui.copy_link;
    link.dataset.copied = ui.copied_link;
  }
  title.textContent = ui.glossary;
  closer.textContent = ui.close;
  list.setAttribute("aria-label", ui.glossary);
  terms.replaceChildren(
    ...Object.values(glossary).flatMap((texts) =>
      ["dt", "dd"].map((tag, i) => Object.assign(document.createElement(tag), { textContent: texts[i] })),
    ),
  );
}
