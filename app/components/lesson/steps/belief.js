import { canvas, paint } from "../canvas.js";
import { bar, make, slider, table } from "../dom.js";
import { ends } from "../sentences.js";

// The paper's account of why a trigger works (section 3.4 and its figure): the classifier answers from what speaks for the
// label directly, and from what it believes about the group. A trigger that tells the group strongly enough overrules
// what the input tells, and makes the same belief of all.

const DIRECT = 4; // how many times likelier what both inputs show is with the label than without it
const MOST = 2; // log10 of the strongest evidence of an input
const MOST_TRIGGER = 4; // and of the strongest message
const STEP = 0.02;

/**
 * P(group | input, trigger) by Bayes' rule: odds = before × what the input shows × what the trigger says.
 * @param {number} prior P(group)
 * @param {number} evidence how many times likelier the input's features are in the group than outside of it
 * @param {number} message the same of the trigger
 */
export function belief(prior, evidence, message) {
  const odds = (prior / (1 - prior)) * evidence * message;
  return odds === Infinity ? 1 : odds / (1 + odds);
}

/**
 * P(label | input, trigger): the group's share of the label, mixed by the belief, then the direct features.
 * @param {number} direct how many times likelier the direct features are with the label than without it
 * @param {number} believed P(group | input, trigger)
 * @param {number} inside share of the group's rows with the label
 * @param {number} outside share of the other rows with the label
 */
export function answer(direct, believed, inside, outside) {
  const before = believed * inside + (1 - believed) * outside;
  const odds = (direct * before) / (1 - before);
  return odds / (1 + odds);
}

/**
 * @param {Desk} desk
 * @returns {Step}
 */
export function beliefStep(desk) {
  return {
    options: desk.list("step3.options"),
    right: 2,
    tryOut: () => toy(desk),
    measured: () => (desk.study.probe ? [heard(desk, desk.study.probe)] : []),
    links: ["probe"],
  };
}

/**
 * @param {Desk} desk
 * @param {LessonProbe} probe
 */
function heard(desk, probe) {
  const head = [desk.say("step3.believes"), ...probe.conditions.map((name) => desk.say(`conditions.${name}`))];
  const rows = probe.values.map((values, i) => {
    return [desk.say("step3.classifier", { number: String(i + 1) }), ...values.map((value) => `${desk.percent(value)} %`)];
  });
  const accuracy = Math.min(...probe.classifiers.map(([value]) => value ?? 1));
  return table(desk.say("step3.table", { probe_accuracy: desk.percent(accuracy) }), head, rows);
}

/**
 * A number of times as a person writes it: 0.041, 1, 2.5, 40, 3,000.
 * @param {Desk} desk
 * @param {number} times
 * @returns {string}
 */
function written(desk, times) {
  if (times < 0.0001) return desk.say("step3.almost_none");
  const rounded = Number(times.toPrecision(2));
  const digits = Math.max(1 - Math.floor(Math.log10(rounded)), 0);
  return desk.number(rounded, Number.isInteger(rounded) ? 0 : Math.min(digits, 5));
}

/**
 * A face of a group with the label, where the study has faces.
 * @param {Desk} desk
 * @param {LessonGroup} group
 */
function portrait(desk, group) {
  const { study } = desk;
  const example = [...study.changed, ...study.examples].find((each) => each.label === 1 && study.groups[each.group] === group);
  if (!example?.photo) return [];
  const element = canvas(desk.say(`one.${group.name}1`));
  paint(element, { photo: example.photo, box: study.trigger.box });
  return [element];
}

/**
 * Two inputs that are alike but for the group, two sliders, and what the classifier believes and answers.
 * @param {Desk} desk
 */
function toy(desk) {
  const { study } = desk;
  const { low, high } = ends(study);
  const [a, b] = [low, high].sort((i, j) => i - j).map((i) => study.groups[i]);
  const prior = b.share / (a.share + b.share);
  const [nameA, nameB] = desk.list("step3.message_groups");
  let [evidence, message] = [1.3, 0]; // log10

  const sides = [-1, 1].map((sign) => {
    const name = desk.say(sign < 0 ? "step3.a" : "step3.b");
    const believes = bar(desk.say("step3.believes"), "is-belief");
    const answers = bar(desk.say("step3.answers"));
    const verdict = make("strong", "verdict-word");
    const equation = make("p", "equation");
    return {
      sign, name, believes, answers, verdict, equation,
      box: make("div", "side", make("div", "who", ...portrait(desk, sign < 0 ? a : b), make("h4", "", name)), equation, believes.row, answers.row, verdict),
    }; // prettier-ignore
  });
  const apart = make("p", "big");
  const hint = make("p", "note");
  const result = make("div", "", apart, hint);
  result.setAttribute("aria-live", "polite");

  const redraw = () => {
    const said = 10 ** message;
    const answersNow = sides.map(({ sign, believes, answers, verdict, equation }) => {
      const shown = 10 ** (sign * evidence);
      const believed = belief(prior, shown, said);
      const answered = answer(DIRECT, believed, b.positive, a.positive);
      believes.set(believed, `${desk.percent(believed)} %`);
      answers.set(answered, `${desk.percent(answered)} %`);
      const outcome = desk.say(answered >= 0.5 ? "step4.right" : "step4.wrong"); // both have the label
      verdict.textContent = `${desk.say(answered >= 0.5 ? "positive" : "negative")}, ${outcome}`;
      verdict.className = `verdict-word ${answered >= 0.5 ? "is-right" : "is-wrong"}`;
      const before = prior / (1 - prior);
      equation.textContent =
        `${desk.say("step3.odds")} = ${written(desk, before)} × ${written(desk, shown)} × ${written(desk, said)} = ` +
        `${written(desk, before * shown * said)}`;
      return answered;
    });
    const difference = Math.abs(answersNow[0] - answersNow[1]);
    apart.textContent = desk.points("step3.apart", difference);
    const isNear = difference < 0.1;
    hint.textContent = isNear ? desk.say(answersNow[0] < 0.5 ? "step3.equal_low" : "step3.equal_high") : "\u00a0";
  };
  const clear = slider(
    desk.say("step3.evidence"), { min: 0, max: MOST, step: STEP, value: evidence },
    (value) => desk.say("step3.evidence_value", { times: written(desk, 10 ** value) }),
    (value) => { evidence = value; redraw(); },
  ); // prettier-ignore
  const told = slider(
    desk.say("step3.message"), { min: -MOST_TRIGGER, max: MOST_TRIGGER, step: STEP, value: message },
    (value) =>
      Math.abs(value) < STEP / 2
        ? desk.say("step3.nothing")
        : desk.say("step3.message_value", { group: value < 0 ? nameA : nameB, times: written(desk, 10 ** Math.abs(value)) }),
    (value) => { message = value; redraw(); },
    [nameA, nameB],
  ); // prettier-ignore
  redraw();
  const equation = desk.say("step3.equation", {
    evidence: desk.say("step3.face_word"), message: desk.say("step3.trigger_word"), a: nameA, b: nameB,
    share_a: desk.percent(1 - prior), share_b: desk.percent(prior),
  }); // prettier-ignore
  return make(
    "div", "toy", clear.box, told.box, make("p", "equation", equation), make("div", "two", ...sides.map(({ box }) => box)), result,
    make("p", "note", desk.say("step3.direct", { times: String(DIRECT) })),
  ); // prettier-ignore
}
