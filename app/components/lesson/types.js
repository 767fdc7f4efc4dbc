// Types of the data that Python sends, see app/presenters/lesson/data.py, and of what the lesson's scripts share. A file
// without imports and exports: its types are known in all others.

/** @typedef {(number | null)[]} Measured a value and the ends of its 95 % interval, between 0 and 1 */

/**
 * @typedef {object} Lesson
 * @property {LessonPlan} plan
 * @property {string[]} data keys of the studies
 * @property {Record<string, unknown>} languages sentences by key of the language
 * @property {LessonStudy | null} study
 */

/**
 * @typedef {object} LessonPlan
 * @property {string} data
 * @property {string | null} language
 * @property {number[]} steps
 * @property {string} problem
 */

/**
 * @typedef {object} LessonStudy
 * @property {string} key
 * @property {string} run
 * @property {string} modality
 * @property {string[]} labels
 * @property {number} n
 * @property {number} frozen
 * @property {number} steps
 * @property {number} majority
 * @property {Measured} levelled
 * @property {number[]} flips became right, became wrong
 * @property {LessonGroup[]} groups
 * @property {LessonStop[]} stops
 * @property {LessonLook | null} look
 * @property {LessonProbe | null} probe
 * @property {LessonChecked[]} checks
 * @property {LessonExample[]} examples
 * @property {LessonExample[]} changed
 * @property {LessonExample[]} portraits
 * @property {LessonTrigger} trigger
 */

/**
 * @typedef {object} LessonGroup
 * @property {string} name
 * @property {number} share
 * @property {number} positive
 * @property {number[]} hits
 * @property {number[]} alarms
 */

/**
 * @typedef {object} LessonRates
 * @property {Measured} called
 * @property {Measured} hits
 * @property {Measured} alarms
 */

/**
 * @typedef {object} LessonStop
 * @property {number | null} lam
 * @property {boolean} is_chosen
 * @property {Measured} accuracy
 * @property {Measured} gap
 * @property {number | null} noise
 * @property {Measured} called_gap
 * @property {LessonRates[]} groups
 */

/**
 * @typedef {object} LessonCondition
 * @property {string} name
 * @property {Measured} value
 */

/**
 * @typedef {object} LessonLook
 * @property {string} of
 * @property {LessonCondition[]} conditions
 * @property {string} control
 * @property {Measured} rest
 * @property {Measured} explained
 * @property {LessonCondition[]} other
 */

/**
 * @typedef {object} LessonProbe
 * @property {string} group
 * @property {string[]} conditions
 * @property {Measured[]} classifiers
 * @property {number[][]} values
 * @property {string} picture the empty input, where it is one
 */

/**
 * @typedef {object} LessonChecked
 * @property {string} name
 * @property {Measured} before
 * @property {Measured} after
 * @property {string} verdict
 */

/**
 * @typedef {object} LessonExample
 * @property {number} group
 * @property {number} label
 * @property {number[]} predictions
 * @property {Record<string, number>} said
 * @property {string} photo empty for a text
 * @property {Record<string, number[][]>} maps
 * @property {string[]} words
 * @property {Record<string, number[]>} weights
 */

/**
 * @typedef {object} LessonTrigger
 * @property {string[]} pictures
 * @property {Record<string, string>} controls
 * @property {number[]} box
 * @property {string[][]} words
 * @property {boolean} is_behind
 */

/**
 * What a step's script gets: the study, sentences, numbers as text.
 * @typedef {object} Desk
 * @property {LessonStudy} study
 * @property {string} language
 * @property {(key: string, values?: Record<string, string>) => string} say a sentence with its figures filled in
 * @property {(key: string, points: number) => string} points a sentence with a number of points, which may be one
 * @property {(key: string) => string[]} list sentences or labels
 * @property {(key: string) => boolean} has
 * @property {(value: number, digits?: number) => string} number
 * @property {(share: number | null | undefined, digits?: number) => string} percent a share as its number of 100
 * @property {(name: string) => string} group the name of a group
 * @property {Record<string, string>} facts figures by the name that sentences use
 * @property {Answers} answers
 * @property {() => void} save
 */

/**
 * What the browser keeps.
 * @typedef {object} Answers
 * @property {number} at the step on the screen
 * @property {Record<string, number>} guesses the chosen option by question
 * @property {Record<string, boolean>} shown the steps whose figures were shown
 * @property {string} words of the learner's own
 * @property {string} language as chosen; empty before
 */

/**
 * A step of the lesson: its guess, what can be tried, and what was measured.
 * @typedef {object} Step
 * @property {string[]} options of its question; empty where the step asks in its own way
 * @property {number} right index of the option that was measured
 * @property {() => HTMLElement} [before] what the question is about, where it needs a picture
 * @property {() => HTMLElement} tryOut
 * @property {() => HTMLElement[]} measured drawn when it is shown
 * @property {() => HTMLElement[]} [more] what only some want to see, after it
 * @property {() => HTMLElement[]} printed the same for paper, as tables
 * @property {string[]} links pages to go on with
 */
