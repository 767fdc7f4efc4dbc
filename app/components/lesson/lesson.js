import { averageStep } from "./steps/average.js";
import { beliefStep } from "./steps/belief.js";
import { button, make, paragraphs } from "./dom.js";
import { stepFrame, onward } from "./frame.js";
import { speakGlossary } from "./glossary.js";
import { handout } from "./handout.js";
import { limitsBoard } from "./steps/limits.js";
import { lookStep } from "./steps/look.js";
import { priceStep } from "./steps/price.js";
import { desk, gatherFacts } from "./sentences.js";
import { noAnswers, store } from "./store.js";
import { teacherPanel } from "./teacher.js";
import { thresholdStep } from "./steps/thresholds.js";

const PAPER = `@media print {
  [data-testid="stHeader"], [data-testid="stToolbar"], .fp-link, .fp-words { display: none !important; }
  html, body, #root, #root > div, [data-testid="stApp"], [data-testid="stAppViewContainer"], [data-testid="stMain"] {
    position: static !important; height: auto !important; overflow: visible !important; background: #fff !important;
  }
  [data-testid="stMainBlockContainer"] { padding: 0 !important; max-width: none !important; }
}`; // around the component the page belongs to Streamlit, which shows a part of it that scrolls
const ASKS_STATEMENTS = 6; // the number of the step that asks in its own way

/**
 * The language: the learner's own choice, the link's, the browser's, the first.
 * @param {Lesson} lesson
 * @param {string} chosen
 */
function languageOf({ languages, plan }, chosen) {
  const known = Object.keys(languages);
  const wishes = [chosen, plan.language ?? "", ...navigator.languages.map((tag) => tag.split("-")[0])];
  return wishes.find((wish) => known.includes(wish)) ?? known[0];
}

/**
 * @param {HTMLElement} root
 * @param {Lesson} lesson
 * @param {LessonStudy} study
 * @param {(name: "data" | "language", key: string) => void} change tells the page what the learner chose
 * @param {string} [spoken] the language that was chosen before the learner said whose the answers are
 */
function build(root, lesson, study, change, spoken = "") {
  const kept = store(study.key);
  const isAsking = kept.isOfAnother();
  let answers = kept.read();
  const language = languageOf(lesson, isAsking ? spoken : answers.language);
  const save = () => kept.write(answers);
  const words = desk(language, lesson.languages[language], study, isAsking ? noAnswers() : answers, save);
  gatherFacts(words);
  const steps = [averageStep(words), thresholdStep(words), beliefStep(words), priceStep(words), lookStep(words)];
  const numbers = lesson.plan.steps;
  const { say } = words;
  root.lang = language;
  speakGlossary(lesson.languages, language);

  const again = () => build(root, lesson, study, change);
  /** @param {string} key */
  const speak = (key) => {
    if (isAsking) build(root, lesson, study, change, key);
    else {
      answers.language = key;
      save();
      again();
    }
    root.querySelector(".languages [aria-pressed=true]")?.dispatchEvent(new Event("fp-focus"));
    change("language", key);
  };
  const tongues = Object.entries(lesson.languages).map(([key, sentences]) => {
    const name = /** @type {{ name: string }} */ (sentences).name;
    const each = button(name, () => speak(key), "tongue");
    each.lang = key;
    each.setAttribute("aria-pressed", String(key === language));
    each.addEventListener("fp-focus", () => each.focus());
    return each;
  });
  const languages = make("div", "languages", ...tongues);
  languages.setAttribute("role", "group");
  languages.setAttribute("aria-label", say("ui.language"));
  const studies = lesson.data.map((key) => {
    const each = button(say(`${key}.name`), () => change("data", key), "tongue");
    each.setAttribute("aria-pressed", String(key === study.key));
    return each;
  });
  const data = make("div", "languages", ...studies);
  data.setAttribute("role", "group");
  data.setAttribute("aria-label", say("ui.data"));

  const stage = make("section", "stage");
  const moves = make("div", "buttons moves");
  const navigation = make("ol", "steps");
  const place = make("nav", "", navigation);
  place.setAttribute("aria-label", say("ui.steps"));

  const next = button(say("ui.next"), () => go(answers.at + 1, true));

  /** @param {number} number */
  const isDone = (number) => Boolean(answers.shown[`step${number}`]);
  const redrawSteps = () => {
    next.className = isDone(numbers[answers.at]) ? "main" : "plain"; // first the figures, then the next step
    navigation.replaceChildren(
      ...numbers.map((number, i) => {
        const each = button("", () => go(i, true), "step");
        each.append(make("span", "number", isDone(number) ? "✓" : String(i + 1)), make("span", "", say(`step${number}.title`)));
        if (isDone(number)) each.append(make("span", "said", `, ${say("ui.finished")}`));
        if (i === answers.at) each.setAttribute("aria-current", "step");
        return make("li", "", each);
      }),
    );
  };

  /**
   * @param {number} i index of a step among those of the link
   * @param {boolean} isMove whether the learner moved there
   */
  const go = (i, isMove) => {
    answers.at = Math.min(Math.max(Math.round(i) || 0, 0), numbers.length - 1);
    save();
    const number = numbers[answers.at];
    const title = make("h2", "", say(`step${number}.title`));
    title.tabIndex = -1;
    const where = make("p", "where", say("ui.step", { number: String(answers.at + 1), total: String(numbers.length) }));
    const intro = make("div", "intro", ...paragraphs(words.list(`step${number}.intro`)));
    const back = button(say("ui.back"), () => go(answers.at - 1, true));
    back.disabled = answers.at === 0;
    const body = number === ASKS_STATEMENTS ? last() : stepFrame(words, number, steps[number - 1], redrawSteps);
    stage.replaceChildren(where, title, intro, body);
    const isLast = answers.at === numbers.length - 1;
    moves.replaceChildren(back, ...(isLast ? [] : [next]));
    redrawSteps();
    if (isMove) {
      title.focus({ preventScroll: true });
      place.scrollIntoView({ block: "start" });
    }
  };

  /** The last step: statements, why, and the learner's own words. */
  const last = () => {
    const after = make("section", "part");
    const own = make("textarea");
    own.rows = 3;
    own.value = answers.words;
    own.addEventListener("input", () => {
      answers.words = own.value;
      save();
    });
    const board = limitsBoard(words, () => {
      after.replaceChildren(
        make("h3", "", say("ui.explain")), ...paragraphs(words.list("step6.explain")), make("p", "question", say("ui.end")),
        make("label", "own", make("span", "", say("ui.words")), own), make("p", "outcome is-right", say("ui.finish")), onward(words, ["train", "tradeoff"]),
      ); // prettier-ignore
      redrawSteps();
    });
    return make("div", "", make("section", "part", make("h3", "", say("ui.guess")), make("p", "question", say("step6.question")), board), after);
  };

  /** @param {boolean} hasAnswers */
  const print = (hasAnswers) => {
    const paper = handout(words, numbers, steps, hasAnswers);
    root.append(paper);
    root.classList.add("is-printing");
    const sheet = make("style", "", PAPER);
    document.head.append(sheet);
    const end = () => {
      sheet.remove();
      paper.remove();
      root.classList.remove("is-printing");
    };
    window.addEventListener("afterprint", end, { once: true });
    window.print();
  };

  const ask = make("p", "again");
  const offer = () => ask.replaceChildren(button(say("ui.again"), sure, "quiet"));
  const sure = () => {
    const no = button(say("ui.no"), offer);
    const yes = button(say("ui.yes"), () => {
      answers = Object.assign(answers, noAnswers(), { language });
      save();
      again();
    });
    ask.replaceChildren(make("span", "", say("ui.really")), yes, no);
    no.focus();
  };
  offer();

  /** Whose are the answers that lie here? Only who says so sees them. */
  const askWhose = () => {
    const goOn = button(say("ui.go_on"), () => {
      if (spoken) answers.language = spoken;
      save();
      again();
      root.querySelector("h2")?.focus();
    });
    const anew = button(say("ui.fresh"), () => {
      answers = { ...noAnswers(), language: spoken };
      save();
      again();
      root.querySelector("h2")?.focus();
    }, "main");
    return make("section", "part", make("h2", "", say("ui.resume")), make("div", "buttons", anew, goOn));
  };

  const notes = [];
  if (lesson.plan.problem) {
    const values = { part: lesson.plan.problem, data: lesson.data.join(", "), languages: Object.keys(lesson.languages).join(", ") };
    notes.push(make("p", "warning", say("ui.problem", values)));
  }
  if (!isAsking) go(answers.at, false);
  if (!kept.isKept()) notes.push(make("p", "warning", say("ui.not_kept")));
  root.classList.remove("is-printing");
  root.replaceChildren(
    make("header", "", make("h1", "", say("title")), make("div", "tools", languages, ...(lesson.data.length > 1 ? [data] : []))),
    make("p", "lead", say("lead")), ...notes, ...(isAsking ? [askWhose()] : [place, stage, moves]), teacherPanel(words, lesson, steps.length + 1, print), ...(isAsking ? [] : [ask]),
  ); // prettier-ignore
}

/** @param {Call<Lesson>} call */
export default function ({ parentElement, data: [lesson], setTriggerValue }) {
  /** @type {Part & { made?: string }} */
  const root = parentElement.querySelector(".fp-lesson");
  const made = JSON.stringify({ ...lesson, plan: { ...lesson.plan, language: null } }); // the address follows the language
  const leave = () => speakGlossary(lesson.languages, Object.keys(lesson.languages)[0]);
  if (root.made === made || !lesson.study) {
    speakGlossary(lesson.languages, root.lang || Object.keys(lesson.languages)[0]);
    return leave; // the page's script ran again with the same data: keep the lesson
  }
  root.made = made;
  build(root, lesson, lesson.study, setTriggerValue);
  return leave;
}
