import type { Config } from '../config/config.ts';
import { findModel, findWeightFile } from '../hub/find-model.ts';
import { type ModelConfigs, readModelConfigs } from '../inference/pipeline/load-model.ts';
import { withLoras } from '../inference/pipeline/open-checkpoint.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration whose model and LoRAs were found, and the model's own configs. */
export interface LocatedModel {
  /** With the paths of the model and the LoRAs in place of the names that were written. */
  config: Config;
  configs: ModelConfigs;
}

/**
 * Finds the model and the LoRAs that a configuration names and reads their configs and headers: what is wrong with them is
 * told before anything is started.
 * @throws ConfigError | SafetensorsError one of them is not there, is no model, or does not fit
 */
export async function locateModel(config: Config, environment: Environment): Promise<LocatedModel> {
  const modelDir = await findModel(config.modelDir, { environment });
  const loras: NonNullable<Config['loras']>[number][] = [];
  for (const { file, scale } of config.loras ?? []) {
    loras.push({ file: await findWeightFile(file, { environment }), scale });
  }
  const configs = await withLoras(await readModelConfigs(modelDir), loras);
  return { config: { ...config, modelDir, loras }, configs };
}
