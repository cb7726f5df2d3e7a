import { configProblems } from '../../config/config.ts';
import { suspiciousVariables } from '../../config/suspicious-variables.ts';
import type { Finding } from './finding.ts';

/** Every variable that cannot be used, or looks like a slip; nothing where all is well. */
export function checkConfiguration(environment: Readonly<Record<string, string | undefined>>): Finding[] {
  const check = 'configuration';
  return [
    ...configProblems(environment).map(({ text }): Finding => ({ check, verdict: 'fails', text })),
    ...suspiciousVariables(environment).map((text): Finding => ({ check, verdict: 'note', text })),
  ];
}
