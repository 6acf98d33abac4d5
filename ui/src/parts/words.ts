// Names and one-line explanations of metrics, measures, states: the same words everywhere on the page.
import type { Goal, Maybe } from "./document";
import { metric as shown, num } from "./format";

const METRICS: Record<string, [name: string, meaning: string]> = {
  accuracy: ["Accuracy", "share of rows answered rightly"],
  balanced_accuracy: ["Balanced accuracy", "mean of the recalls of all classes"],
  precision: ["Precision", "of those called positive, the share that is"],
  recall: ["Recall", "of the true positives, the share that was found (sensitivity)"],
  specificity: ["Specificity", "of the true negatives, the share that was cleared"],
  f1: ["F1", "harmonic mean of precision and recall"],
  roc_auc: ["ROC AUC", "chance that a positive is scored above a negative"],
  pr_auc: ["PR AUC", "precision averaged over recall"],
  average_precision: ["Average precision", "precision averaged over recall"],
  log_loss: ["Log loss", "penalty for confident errors; lower is better"],
  brier: ["Brier score", "mean squared error of the probability; lower is better"],
  brier_score: ["Brier score", "mean squared error of the probability; lower is better"],
  ece: ["Calibration error", "mean gap between score and observed rate; lower is better"],
  mcc: ["Matthews correlation", "correlation of answer and truth"],
  rmse: ["RMSE", "root of the mean squared error; lower is better"],
  mse: ["MSE", "mean squared error; lower is better"],
  mae: ["MAE", "mean absolute error; lower is better"],
  median_absolute_error: ["Median error", "median absolute error; lower is better"],
  mape: ["MAPE", "mean absolute error as a share of the actual value; lower is better"],
  r2: ["R²", "share of the variance that is explained"],
  "serving.p99_ms": ["Time for 99 of 100 answers", "latency that 99 of 100 requests stay under"],
  "serving.p50_ms": ["Time for half of the answers", "latency that half of the requests stay under"],
  "serving.max_difference": ["Largest served difference", "served score minus evaluated score"],
};
/** What a metric means where there are more than two classes. */
const MANY_CLASSES: Record<string, string> = {
  precision: "of those given a class, the share that is of it; mean over classes",
  recall: "of a class, the share that was found; mean over classes",
  specificity: "of the other classes, the share that was not given this one; mean over classes",
  f1: "harmonic mean of precision and recall; mean over classes",
  roc_auc: "chance that a row of a class is scored above one of the others; mean over classes",
  pr_auc: "precision averaged over recall; mean over classes",
  brier: "squared errors of the probabilities, summed over classes; lower is better",
};
const LOWER = new Set(["log_loss", "brier", "brier_score", "ece", "rmse", "mse", "mae", "mape",
  "median_absolute_error", "max_error"]);
const MEASURES: Record<string, string> = {
  pearson: "Pearson correlation", spearman: "Spearman rank correlation", cramers_v: "Cramér’s V (corrected)",
  correlation_ratio: "correlation ratio η", eta: "correlation ratio η", none: "not measured",
  mutual_information: "mutual information", roc_auc: "ROC AUC of the column alone",
};
const TESTS: Record<string, string> = {
  ks: "Kolmogorov–Smirnov", chisquare: "chi-square", wasserstein: "Wasserstein distance", psi: "PSI", z: "two-proportion z",
  jensenshannon: "Jensen–Shannon", hellinger: "Hellinger", cramer_von_mises: "Cramér–von Mises", fisher_exact: "Fisher exact",
  anderson: "Anderson–Darling", chi2_contingency: "chi-square contingency", g_test: "G test", mannw: "Mann–Whitney",
};

const SHORT: Record<string, string> = {
  correlation_ratio: "corr. ratio", eta: "corr. ratio", cramers_v: "Cramér’s V", pearson: "Pearson", spearman: "Spearman",
};

/** The measure in a narrow cell. */
export function shortMeasure(key: Maybe<string>): string {
  return key ? SHORT[key] ?? spoken(key) : "";
}

export function spoken(key: string): string {
  return key.replace(/[_.]/g, " ");
}
export function metricName(key: Maybe<string>): string {
  return key ? METRICS[key]?.[0] ?? spoken(key) : "metric";
}
/** The name inside of a sentence: "accuracy" but "ROC AUC" and "Brier score". */
export function metricInText(key: Maybe<string>): string {
  const name = metricName(key);
  return /^[A-Z][a-z]/.test(name) && !/^(Brier|Matthews|Cohen)/.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name;
}
export function metricMeaning(key: Maybe<string>, task?: Maybe<string>): string | undefined {
  if (!key) return undefined;
  return (task === "multiclass" ? MANY_CLASSES[key] : undefined) ?? METRICS[key]?.[1];
}
export function lowerIsBetter(key: Maybe<string>): boolean {
  return key ? LOWER.has(key) : false;
}
export function measureName(key: Maybe<string>): string {
  return key ? MEASURES[key] ?? spoken(key) : "association";
}
/** "evidently:psi" names the tool whose definition is used. */
export function testName(key: string): string {
  const [tool, name] = key.includes(":") ? [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)] : ["", key];
  const words = TESTS[name] ?? spoken(name);
  return tool ? `${words} (${tool})` : words;
}
export function opWords(op: Maybe<string>): string {
  return op === ">=" ? "at least" : op === "<=" ? "at most" : op === ">" ? "more than" : op === "<" ? "less than"
    : op === "==" ? "exactly" : op ?? "";
}
export function goalWords(goal: Maybe<Goal>): string {
  return goal ? `${metricName(goal.metric)} ${opWords(goal.op)} ${num(goal.value)}` : "not measurable; a person decides";
}
/** A model's name as people write it: "gradient boosting". */
export function modelName(key: Maybe<string>): string {
  return key ? spoken(key) : "the model";
}
export function valueOf(key: Maybe<string>, x: Maybe<number>): string {
  if (!key?.startsWith("serving.")) return shown(x);
  return key.endsWith("_ms") && typeof x === "number" ? `${num(x)} ms` : num(x);
}

/** "chol is between 80 and 700" of what a check said; how many failed stands beside it. */
export function checkSentence(text: string): string {
  const colon = text.indexOf(": ");
  return colon > 0 ? text.slice(0, colon) : text;
}
