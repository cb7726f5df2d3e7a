/** Of nobody, on every Linux; the tests' own folders must be open to it. */
const nobody = 65_534;

/** Whether files can be kept from this process: on Windows they cannot by these means. */
export const hasPermissions = process.platform !== 'win32';

/** Runs `work` as a user whom file permissions hold back, also where the tests are run by root. */
export function asPlainUser<T>(work: () => T): T {
  if (process.geteuid?.() !== 0) return work();
  const end = () => process.seteuid!(0);
  process.seteuid!(nobody);
  let result: T | undefined;
  try {
    result = work();
  } finally {
    if (!(result instanceof Promise)) end();
  }
  return result instanceof Promise ? (result.finally(end) as T) : result;
}
