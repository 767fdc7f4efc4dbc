const KEY = "fairprog.lesson";

/** @type {Map<string, Answers>} for a browser that keeps nothing */
const memory = new Map();

/** @type {Set<string>} what was begun or gone on with since the page was loaded; for a browser that keeps nothing */
const begun = new Set();

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
    begin();
    try {
      window.localStorage.setItem(key, JSON.stringify(answers));
    } catch {
      isKept = false;
    }
  };
  /** From now on the answers belong to who sits here: until another visit, which a reload is not. */
  const begin = () => {
    begun.add(key);
    try {
      window.sessionStorage.setItem(key, String(performance.timeOrigin));
    } catch {
      // refused: then `begun` alone knows
    }
  };
  /** Whether the answers come from another visit, and may be somebody else's: of a school computer, for example. */
  const isOfAnother = () => {
    const answers = read();
    const isEmpty = !answers.words && !Object.keys(answers.guesses).length;
    if (isEmpty || begun.has(key)) return false;
    try {
      const mark = window.sessionStorage.getItem(key);
      const [visit] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
      if (mark !== null && (mark === String(performance.timeOrigin) || visit?.type === "reload")) return false;
      window.sessionStorage.removeItem(key); // so that a reload asks again
    } catch {
      // refused, so nothing is known of this visit
    }
    return true;
  };
  return { read, write, begin, isOfAnother, isKept: () => isKept };
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
