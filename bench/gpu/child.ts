/** One task of the bench, in a process of its own: `node child.js '{"kind": …}'` prints one line of JSON. */
import { describe } from './describe.ts';
import { performTask } from './perform-task.ts';
import type { Task } from './tasks.ts';

try {
  process.stdout.write(`${JSON.stringify(await performTask(JSON.parse(process.argv[2] ?? '{}') as Task))}\n`);
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 1;
}
