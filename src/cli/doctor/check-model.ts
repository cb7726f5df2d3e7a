import type { Config } from '../../config/config.ts';
import { modelInfo } from '../../inference/pipeline/model-info.ts';
import type { CliIo } from '../io.ts';
import { locateModel } from '../locate-model.ts';
import { checkNetworks } from '../model-check.ts';
import { formatParameters } from '../read-checkpoints.ts';
import { type Finding, finding } from './finding.ts';

/** Whether the model folder can work: every tensor there, of its shape, and finite where it was looked at. */
export function checkModel(
  config: Config,
  { environment, signal }: Pick<CliIo, 'environment' | 'signal'>,
): Promise<Finding> {
  return finding('model', async () => {
    const { configs, notice } = await locateModel(config, environment);
    const verdicts = await checkNetworks(configs, signal, false);
    const parameters = verdicts.reduce((sum, { checkpoint }) => sum + (checkpoint?.parameters ?? 0), 0);
    const problems = verdicts.flatMap(({ network, problems }) => problems.map((problem) => `${network}: ${problem}`));
    const [first] = problems;
    const { name } = modelInfo(configs);
    const facts = { name, dir: configs.dir, parameters, problems };
    if (first === undefined) {
      const notes = [notice ?? [], configs.notes, ...verdicts.map(({ checkpoint }) => checkpoint?.notes ?? [])].flat();
      const text = `${name}, ${formatParameters(parameters)} parameters, in ${configs.dir}`;
      if (notes.length > 0) return { verdict: 'note', text: `${text}. ${notes.join(' ')}`, facts };
      return { verdict: 'ok', text, facts };
    }
    const more = problems.length === 1 ? '' : `, and ${problems.length - 1} more: kinora model check lists them`;
    return { verdict: 'fails', text: `${name} in ${configs.dir}: ${first}${more}`, facts };
  });
}
