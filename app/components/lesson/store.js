const KEY = "fairprog.lesson";

/** @type {Map<string, Answers>} for a browser that keeps nothing */
const memory = new Map();

/** @returns {Answers} */
export function noAnswers() {
  return { at: 0, guesses: {}, shown: {}, words: "", language: "" };
}

/**
 * Keeps answers in the browser alone. A browser may refuse: then they last as long as the page.
 * @param {string} data the key of the study
 */
export function store(data) {
  const key = `${KEY}.${data}`;
  let isKept = true;
  /** @returns {Answers} */
  const read = () => {
    try {
      const text = window.localStorage.getItem(key);
      return text === null ? noAnswers() : checked(JSON.parse(text));
    } catch (error) {
      isKept = !isRefused(error);
      return memory.get(key) ?? noAnswers();
    }
  };
  /** @param {Answers} answers */
  const write = (answers) => {
    memory.set(key, answers);
    try {
      window.localStorage.setItem(key, JSON.stringify(answers));
    } catch {
      isKept = false;
    }
  };
  return { read, write, isKept: () => isKept };
}

/** @param {unknown} error */
function isRefused(error) {
  return error instanceof DOMException;
}

/**
 * What was kept, with defaults in the place of what has another type, for example of another version.
 * @param {unknown} found
 * @returns {Answers}
 */
export function checked(found) {
  const empty = noAnswers();
  if (typeof found !== "object" || found === null) return empty;
  const kept = /** @type {Record<string, unknown>} */ (found);
  return {
    at: typeof kept.at === "number" ? kept.at : empty.at,
    guesses: only(kept.guesses, "number"),
    shown: only(kept.shown, "boolean"),
    words: typeof kept.words === "string" ? kept.words : "",
    language: typeof kept.language === "string" ? kept.language : "",
  };
}

/**
 * @template {"number" | "boolean"} Kind
 * @param {unknown} found
 * @param {Kind} kind
 * @returns {Record<string, Kind extends "number" ? number : boolean>}
 */
function only(found, kind) {
  if (typeof found !== "object" || found === null) return {};
  return Object.fromEntries(Object.entries(found).filter(([, value]) => typeof value === kind));
}
