import { type Config, readConfig } from '../config/config.ts';
import { findModel, findWeightFile } from '../hub/find-model.ts';
import { findPulledModels } from '../hub/pulled-models.ts';
import { type ModelConfigs, readModelConfigs } from '../inference/pipeline/load-model.ts';
import { withLoras } from '../inference/pipeline/open-checkpoint.ts';
import type { CliIo } from './io.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration whose model and LoRAs were found, and the model's own configs. */
export interface LocatedModel {
  /** With the paths of the model and the LoRAs in place of the names that were written. */
  config: Config;
  configs: ModelConfigs;
  /** A sentence for the operator where the model was not chosen, but found. */
  notice: string | undefined;
}

/**
 * Where no model was chosen, takes the one that was downloaded if there is exactly one.
 * @returns the configuration with that model, and what should be said about it
 */
export async function chooseModel(
  config: Config,
  environment: Environment,
): Promise<Pick<LocatedModel, 'config' | 'notice'>> {
  if (!config.isModelDefault) return { config, notice: undefined };
  const models = await findPulledModels({ environment });
  const [only] = models;
  if (only === undefined) return { config, notice: undefined };
  if (models.length > 1) {
    const several = `MODEL_DIR is not set and several models are here: using the demo model.`;
    return { config, notice: `${several} Set MODEL_DIR to one of ${models.join(', ')}.` };
  }
  const notice = `MODEL_DIR is not set: using ${only}, the only model that was downloaded.`;
  return { config: { ...config, modelDir: only, isModelDefault: false }, notice };
}

/**
 * Finds the model and the LoRAs that a configuration names and reads their configs and headers: what is wrong with them is
 * told before anything is started.
 * @throws ConfigError | SafetensorsError one of them is not there, is no model, or does not fit
 */
export async function locateModel(written: Config, environment: Environment): Promise<LocatedModel> {
  const { config, notice } = await chooseModel(written, environment);
  const modelDir = await findModel(config.modelDir, { environment });
  const loras: NonNullable<Config['loras']>[number][] = [];
  for (const { file, scale } of config.loras ?? []) {
    loras.push({ file: await findWeightFile(file, { environment }), scale });
  }
  const configs = await withLoras(await readModelConfigs(modelDir), loras);
  return { config: { ...config, modelDir, loras }, configs, notice };
}

/** The model that the configuration comes to, as it is written; what should be said about it goes to stderr. */
export async function configuredModel({ environment, stderr }: Pick<CliIo, 'environment' | 'stderr'>): Promise<string> {
  const { config, notice } = await chooseModel(readConfig(environment), environment);
  if (notice !== undefined) stderr.write(`${notice}\n`);
  return config.modelDir;
}
