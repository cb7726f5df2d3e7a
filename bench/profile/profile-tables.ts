import type { OperatorRun } from './operator-runs.ts';
import type { Profile } from './profile-network.ts';

/** The profile as Markdown: by operator, and the `top` groups of alike operators with their shapes. */
export function profileTables(profile: Profile, top: number): string {
  const { network, frames, size, secondsPerRun, peakGflops, operators, threads, mapped } = profile;
  const runs = secondsPerRun.length;
  const total = operators.reduce((sum, { seconds }) => sum + seconds, 0);
  const work = operators.reduce((sum, { operations }) => sum + operations, 0);
  const called = secondsPerRun.reduce((sum, seconds) => sum + seconds, 0);
  const mode = mapped ? 'mmap' : 'prepacked';
  const head = [
    `${network}, ${frames}×${size}×${size}, ${threads} threads, ${mode} mode: ${(called / runs).toFixed(2)} s per call`,
    ` (operators ${(total / runs).toFixed(2)} s), ${(work / runs / 1e12).toFixed(2)} TFLOP,`,
    ` ${(work / called / 1e9).toFixed(0)} GFLOP/s; a 2048³ matrix product reaches ${peakGflops.toFixed(0)} GFLOP/s.`,
  ].join('');
  const row = (name: string, group: OperatorRun[]) => {
    const seconds = group.reduce((sum, run) => sum + run.seconds, 0);
    const operations = group.reduce((sum, run) => sum + run.operations, 0);
    const rate = operations === 0 ? '' : (operations / seconds / 1e9).toFixed(0);
    const share = operations === 0 ? '' : `${((100 * operations) / seconds / 1e9 / peakGflops).toFixed(0)} %`;
    const cells = [name, group.length, (seconds / runs).toFixed(3), `${((100 * seconds) / total).toFixed(1)} %`];
    return { seconds, line: `| ${[...cells, rate, share].join(' | ')} |` };
  };
  const table = (key: (run: OperatorRun) => string, limit: number) => {
    const groups = new Map<string, OperatorRun[]>();
    for (const run of operators) groups.set(key(run), [...(groups.get(key(run)) ?? []), run]);
    const rows = [...groups].map(([name, group]) => row(name, group)).toSorted((a, b) => b.seconds - a.seconds);
    return [
      '| operator | nodes | s per call | share | GFLOP/s | of peak |',
      '| --- | --: | --: | --: | --: | --: |',
      ...rows.slice(0, limit).map(({ line }) => line),
    ].join('\n');
  };
  const withShapes = ({ opType, inputs, outputs }: OperatorRun) =>
    `${opType} ${inputs.slice(0, 2).map(shape).join(' ')} → ${outputs.slice(0, 1).map(shape).join()}`;
  return `${head}\n\n${table(({ opType }) => opType, 40)}\n\n${table(withShapes, top)}\n`;
}

function shape(axes: number[]): string {
  return `[${axes.join(',')}]`;
}
