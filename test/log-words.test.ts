import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { expect, it } from 'vitest';
import { attemptFields } from '../src/storage/attempts.ts';
import { nodesIn, type SyntaxNode } from './support/syntax-tree.ts';

/** A call of a log with the fields that are written there. */
interface LogCall {
  place: string;
  fields: string[];
}

/** Every `log.level({ … }, …)` of `src`, read by a parser. */
function logCalls(): LogCall[] {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((name) => {
    const file = join('src', name);
    const text = readFileSync(file, 'utf8');
    if (!/\blog\s*\??\./.test(text)) return [];
    return nodesIn(parseSync(file, text).program).flatMap((node) => {
      const callee = node.callee as SyntaxNode | undefined;
      const object = callee?.object as SyntaxNode | undefined;
      const [fields] = (node.arguments ?? []) as SyntaxNode[];
      if (node.type !== 'CallExpression' || object?.name !== 'log' || fields?.type !== 'ObjectExpression') return [];
      const keys = (fields.properties as SyntaxNode[]).flatMap(({ key }) =>
        key ? [String((key as SyntaxNode).name)] : [],
      );
      const line = text.slice(0, Number(node.start)).split('\n').length;
      return [{ place: `${file}:${line}`, fields: keys }];
    });
  });
}

/** Other words for what is called `job`, `attempt`, `worker` and `ms` in a line of the log. */
const otherWords =
  /^(id|jobId|job_id|name|workerId|workerName|holder|number|fence|tries_?count|seconds|duration|elapsed|took|since\w*Ms|\w*durationMs)$/i;

it('lines of the log say job, attempt, worker and ms, and no other words for them', () => {
  const calls = logCalls();
  expect(calls.length).toBeGreaterThan(60);
  const words = new Set(calls.flatMap(({ fields }) => fields));
  for (const word of ['job', 'worker', 'ms']) expect(words).toContain(word);
  expect(calls.filter(({ fields }) => fields.some((field) => otherWords.test(field)))).toEqual([]);
});

it('an attempt is told by its job, its number and the name that an operator knows its worker by', () => {
  const told = (holder: string) => attemptFields({ jobId: '8c0a0938', holder, number: 2 });
  expect(told('local 7c1f-42 cuda:0')).toEqual({ job: '8c0a0938', attempt: 2, worker: 'cuda:0' });
  expect(told('remote 0123456789ab gpu-host-1 cuda:0').worker).toBe('gpu-host-1 cuda:0');
});
