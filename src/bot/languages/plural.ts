/** A text for each of a language's plural categories; `other` stands for those that are left out. */
type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** A number with one decimal at most, as the language writes it. */
export function decimalFor(locale: string): (value: number) => string {
  const format = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  return (value) => format.format(value);
}

/** Chooses the text that goes with a count, by the language's own rules (`Intl.PluralRules`). */
export function pluralFor(locale: string): (count: string | number | undefined, forms: PluralForms) => string {
  const rules = new Intl.PluralRules(locale);
  return (count, forms) => forms[rules.select(Number(count))] ?? forms.other;
}
