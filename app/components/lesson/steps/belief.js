import { canvas, paint } from "../canvas.js";
import { bar, fold, make, slider, table } from "../dom.js";
import { apart, ends } from "../sentences.js";

// The paper's account of why a trigger works (section 3.4 and its figure): the classifier answers from what speaks for the
// label directly, and from what it believes about the group. A trigger that tells the group strongly enough overrules
// what the input tells, and makes the same belief of all.

const DIRECT = 4; // how many times likelier what both inputs show is with the label than without it
const CLEAR = [1, 4, 10, 20, 100]; // how many times likelier an input is in its own group, by a word of "evidence_words"
const LOUD = [1, 2, 10, 100, 10000]; // the same of a message, by a word of "message_words"
const FIRST_CLEAR = 3;
const NEAR_ANSWERS = 0.03; // two answers as close as that are nearly equal, as in step 2
const WEAK = CLEAR[1]; // evidence of the example in which a weak message widens the difference

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
  tellWeak(desk);
  return {
    options: desk.list("step3.options"),
    right: 2,
    before: () => shownBefore(desk),
    tryOut: () => toy(desk),
    measured: () => (desk.study.probe ? [...blended(desk, desk.study.probe), heard(desk, desk.study.probe)] : []),
    printed: () => (desk.study.probe ? [heard(desk, desk.study.probe)] : []),
    links: ["probe"],
  };
}

/**
 * The two groups of the toy, the first listed of the data first, and the second one's share of both.
 * @param {LessonStudy} study
 */
export function pair(study) {
  const { low, high } = ends(study);
  const [a, b] = [low, high].sort((i, j) => i - j).map((i) => study.groups[i]);
  return { a, b, prior: b.share / (a.share + b.share) };
}

/**
 * How far the toy's two answers lie apart.
 * @param {LessonStudy} study
 * @param {number} evidence
 * @param {number} message
 */
export function difference(study, evidence, message) {
  const { a, b, prior } = pair(study);
  const answers = [1 / evidence, evidence].map((shown) => answer(DIRECT, belief(prior, shown, message), b.positive, a.positive));
  return apart(answers);
}

/**
 * The facts of the example in which a weak message widens the difference.
 * @param {Desk} desk
 */
function tellWeak(desk) {
  const names = desk.list("step3.message_groups");
  const weak = [LOUD[1], 1 / LOUD[1]].map((message) => ({ message, gap: difference(desk.study, WEAK, message) }));
  const widest = weak[0].gap >= weak[1].gap ? weak[0] : weak[1];
  Object.assign(desk.facts, {
    weak_face: desk.list("step3.evidence_words")[1],
    weak_gap0: desk.percent(difference(desk.study, WEAK, 1)), weak_gap1: desk.percent(widest.gap),
    weak_message: desk.list("step3.message_words")[1], weak_group: names[widest.message > 1 ? 1 : 0],
  }); // prettier-ignore
}

/**
 * One input without a trigger and with one, before it is asked about: what is a border, what are words in front?
 * @param {Desk} desk
 */
function shownBefore(desk) {
  const { trigger, modality, stops, examples } = desk.study;
  const names = desk.list("step3.before");
  const chosen = Math.max(stops.findIndex((stop) => stop.is_chosen), 1) - 1;
  const portraits = desk.study.portraits;
  const example = portraits[0] ?? examples[0];
  const figures = names.map((name, i) => {
    const caption = make("figcaption", "note", name);
    if (modality === "image") {
      const picture = canvas(name);
      paint(picture, { photo: example.photo, trigger: i ? (trigger.controls.untrained ?? trigger.pictures[chosen]) : undefined, box: trigger.box });
      return make("figure", "", picture, caption);
    }
    const quote = make("blockquote", "", ...(i ? [make("span", "words", trigger.words[chosen].join(" ")), " "] : []), example.words.join(" "));
    return make("figure", "", quote, caption);
  });
  return make("div", modality === "image" ? "shown pictures" : "shown", ...figures);
}

/**
 * What the other classifiers were asked about, where it is a picture: without a trigger, with the controls, with the trigger.
 * @param {Desk} desk
 * @param {LessonProbe} probe
 */
function blended(desk, probe) {
  const { trigger, stops } = desk.study;
  if (!probe.picture) return [];
  const chosen = Math.max(stops.findIndex((stop) => stop.is_chosen), 1) - 1;
  const figures = probe.conditions.map((name) => {
    const text = desk.say(`conditions.${name}`);
    const picture = canvas(text);
    const over = name === "without" ? undefined : name === "trigger" ? trigger.pictures[chosen] : trigger.controls[name];
    paint(picture, { photo: probe.picture, trigger: over, box: trigger.box });
    return make("figure", "", picture, make("figcaption", "", text));
  });
  return [make("div", "maps", ...figures)];
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
 * A number of times as a person writes it: 1/20, 0.82, 1, 2.5, 40, 3,000.
 * @param {Desk} desk
 * @param {number} times
 * @returns {string}
 */
export function written(desk, times) {
  const inverse = Math.round(1 / times);
  if (times < 0.1 || (inverse > 1 && Math.abs(inverse * times - 1) < 1e-9)) return `1/${desk.number(Number(inverse.toPrecision(2)))}`;
  const rounded = Number(times.toPrecision(2));
  return desk.number(rounded, Number.isInteger(rounded) ? 0 : rounded < 1 ? 2 : 1);
}

/**
 * A face of a group with the label, where the study has faces.
 * @param {Desk} desk
 * @param {LessonGroup} group
 */
function portrait(desk, group) {
  const { study } = desk;
  const example = study.portraits.find((each) => study.groups[each.group] === group);
  if (!example) return [];
  const element = canvas(desk.say(`one.${group.name}1`));
  paint(element, { photo: example.photo, box: study.trigger.box });
  return [make("div", "framed", element)];
}

/**
 * Two inputs that are alike but for the group, two sliders, and what the classifier believes and answers.
 * @param {Desk} desk
 */
function toy(desk) {
  const { study } = desk;
  const { a, b, prior } = pair(study);
  const [nameA, nameB] = desk.list("step3.message_groups");
  const [clearWords, loudWords] = [desk.list("step3.evidence_words"), desk.list("step3.message_words")];
  let [clear, loud] = [FIRST_CLEAR, 0]; // places in CLEAR and LOUD; below 0 the message is that of the first group

  const sides = [-1, 1].map((sign) => {
    const name = desk.say(sign < 0 ? "step3.a" : "step3.b");
    const believes = bar(desk.say("step3.believes"), "is-belief");
    const answers = bar(desk.say("step3.answers"));
    const verdict = make("strong", "verdict-word");
    const sum = make("p", "");
    return {
      sign, name, believes, answers, verdict, sum,
      box: make("div", "side", make("div", "who", ...portrait(desk, sign < 0 ? a : b), make("h4", "", name)), believes.row, answers.row, verdict),
    }; // prettier-ignore
  });
  const gap = make("p", "big");
  const hint = make("p", "note");
  const before = make("p", "");
  const result = make("div", "result", gap, hint);
  const area = make("div", "two");
  result.setAttribute("aria-live", "polite");

  const redraw = () => {
    const [evidence, said] = [CLEAR[clear], LOUD[Math.abs(loud)] ** Math.sign(loud || 1)];
    const odds = prior / (1 - prior);
    const answersNow = sides.map(({ sign, name, believes, answers, verdict, sum }) => {
      const shown = evidence ** sign;
      const believed = belief(prior, shown, said);
      const answered = answer(DIRECT, believed, b.positive, a.positive);
      believes.set(believed, `${desk.percent(believed)} %`);
      answers.set(answered, `${desk.percent(answered)} %`);
      const outcome = desk.say(answered >= 0.5 ? "step4.right" : "step4.wrong"); // both have the label
      verdict.textContent = `${desk.say(answered >= 0.5 ? "positive" : "negative")}, ${outcome}`;
      verdict.className = `verdict-word ${answered >= 0.5 ? "is-right" : "is-wrong"}`;
      const mixed = Math.round(1000 * (believed * b.positive + (1 - believed) * a.positive)) / 10; // as it is shown
      sum.textContent = `${name}: ${desk.say("step3.sum", {
        times: String(DIRECT), product: `${written(desk, odds)} × ${written(desk, shown)} × ${written(desk, said)} = ${written(desk, odds * shown * said)}`,
        believed: desk.percent(believed), mixed: desk.number(mixed, 1), rest: desk.number(100 - mixed, 1),
        yes: desk.number(DIRECT * mixed, 1), answer: desk.percent(answered),
      })}`; // prettier-ignore
      return answered;
    });
    gap.textContent = desk.points("step3.apart", apart(answersNow));
    const isNear = apart(answersNow) <= NEAR_ANSWERS;
    const isNearAnyway = difference(study, evidence, 1) <= NEAR_ANSWERS;
    const found = isNearAnyway ? "step3.equal_none" : answersNow[0] < 0.5 ? "step3.equal_low" : "step3.equal_high";
    hint.textContent = isNear ? desk.say(found) : "\u00a0";
    before.textContent = desk.say("step3.equation", {
      share_a: desk.percent(1 - prior), share_b: desk.percent(prior), before: written(desk, odds),
      face: written(desk, evidence), said: written(desk, said),
    }); // prettier-ignore
    area.style.setProperty("--said", String(Math.abs(loud) / (LOUD.length - 1)));
    area.classList.toggle("says-first", loud < 0);
  };
  const clearly = slider(
    desk.say("step3.evidence"), { min: 0, max: CLEAR.length - 1, value: clear },
    (value) => clearWords[value],
    (value) => { clear = value; redraw(); },
  ); // prettier-ignore
  const told = slider(
    desk.say("step3.message"), { min: 1 - LOUD.length, max: LOUD.length - 1, value: loud },
    (value) => (value ? desk.say("step3.message_value", { group: value < 0 ? nameA : nameB, word: loudWords[Math.abs(value)] }) : loudWords[0]),
    (value) => { loud = value; redraw(); },
    [nameA, nameB],
  ); // prettier-ignore
  redraw();
  area.append(...sides.map(({ box }) => box));
  const sums = fold(desk.say("ui.sums"), make("p", "", desk.say("step3.direct", { times: String(DIRECT) })), before, ...sides.map(({ sum }) => sum), make("p", "", desk.say("step3.weak")));
  return make("div", "toy", clearly.box, told.box, result, area, make("p", "note", desk.say("step3.colour")), sums);
}
