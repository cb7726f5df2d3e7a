/**
 * One network, or a whole clip, on Kinora: `tsx bench/side/kinora.ts '{"modelDir": …, "network": … | "pipeline", …}'`
 * prints one line of JSON; `outputs` names a file for what was computed.
 */
import { type CheckpointTensor, writeCheckpoint } from '../../test/support/checkpoint.ts';
import { runKinoraClip } from './kinora-clip.ts';
import { runKinoraNetwork } from './kinora-network.ts';
import type { SideTask } from './tasks.ts';

const task = JSON.parse(process.argv[2] ?? '{}') as SideTask;
const { made, times } = await (task.network === 'pipeline' ? runKinoraClip(task) : runKinoraNetwork(task));
if (task.outputs !== undefined) {
  const tensors = Object.entries(made).map(([name, { shape, data }]): [string, CheckpointTensor] => [
    name,
    { dtype: 'F32', shape, values: data },
  ]);
  writeCheckpoint(task.outputs, Object.fromEntries(tensors));
}
process.stdout.write(`${JSON.stringify(times)}\n`);
