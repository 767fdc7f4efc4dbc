import { make, paragraphs } from "./dom.js";
import { VERDICTS, tell } from "./steps/limits.js";

/**
 * The lesson on paper: every step with its question; with answers also what was measured and why.
 * @param {Desk} desk
 * @param {number[]} numbers of the steps
 * @param {Step[]} steps
 * @param {boolean} hasAnswers
 */
export function handout(desk, numbers, steps, hasAnswers) {
  const page = make("section", "handout");
  page.append(
    make("h1", "", desk.say("title")),
    make("p", "fields", hasAnswers ? "" : `${desk.say("teacher.name")} ______________________    ${desk.say("teacher.date")} ______________`),
  );
  for (const number of numbers) {
    const key = `step${number}`;
    const part = make("section", "part", make("h2", "", `${number} · ${desk.say(`${key}.title`)}`), ...paragraphs(desk.list(`${key}.intro`)));
    part.append(...paragraphs(desk.list(`${key}.meanings`)));
    part.append(make("p", "question", desk.say(`${key}.question`)));
    if (number === 6) part.append(statements(desk, hasAnswers));
    else part.append(options(steps[number - 1], hasAnswers));
    if (hasAnswers) {
      part.append(...paragraphs(desk.list(`${key}.measured`)), ...(steps[number - 1]?.printed() ?? []));
      part.append(...paragraphs([...desk.list(`${key}.exact`), ...desk.list(`${key}.explain`)]));
      if (desk.has(`${key}.sums`)) part.append(make("h3", "", desk.say("ui.sums")), ...paragraphs(desk.list(`${key}.sums`)));
    } else part.append(make("p", "rule", desk.say("teacher.answer")), make("p", "rule", "\u00a0"));
    page.append(part);
  }
  page.append(make("p", "question", desk.say("ui.end")));
  if (!hasAnswers) page.append(make("p", "rule", "\u00a0"), make("p", "rule", "\u00a0"));
  return page;
}

/**
 * Boxes to tick; with answers the right one is marked, and no other.
 * @param {string[]} texts
 * @param {number} right
 * @param {boolean} hasAnswers
 */
function boxes(texts, right, hasAnswers) {
  return texts.map((text, i) => (hasAnswers && i === right ? make("strong", "", `➜ ${text}`) : make("span", "", `☐ ${text}`)));
}

/**
 * @param {Step} step
 * @param {boolean} hasAnswers
 */
function options(step, hasAnswers) {
  return make("ul", "", ...boxes(step.options, step.right, hasAnswers).map((box) => make("li", "", box)));
}

/**
 * @param {Desk} desk
 * @param {boolean} hasAnswers
 */
function statements(desk, hasAnswers) {
  const texts = desk.list("step6.options");
  return make(
    "ul", "",
    ...desk.study.checks.map((check) => {
      const choice = boxes(texts, VERDICTS.indexOf(check.verdict), hasAnswers).flatMap((box) => [box, "\u2003"]);
      const found = hasAnswers ? [make("br"), make("strong", "", `${texts[VERDICTS.indexOf(check.verdict)]}: `), ...tell(desk, check)] : [];
      return make("li", "statement", desk.say(`checks.${check.name}`), make("br"), ...choice, ...found);
    }),
  ); // prettier-ignore
}
