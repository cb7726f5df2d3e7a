import { describeError } from '../describe-error.ts';

/** `ok`; `note`: the bot can work, but look; `fails`: the bot cannot do its job. */
type Verdict = 'ok' | 'note' | 'fails';

/** One line of the doctor's table. */
export interface Finding {
  check: string;
  verdict: Verdict;
  /** One line for a person. */
  text: string;
  /** The same in numbers, for programs. */
  facts?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** A check whose failure is told, whatever it throws. */
export async function finding(check: string, look: () => Promise<Omit<Finding, 'check'>>): Promise<Finding> {
  try {
    return { check, ...(await look()) };
  } catch (error) {
    return { check, verdict: 'fails', text: describeError(error, { withCauses: false }) };
  }
}
