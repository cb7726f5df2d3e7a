import type { Config } from '../config/config.ts';
import { findModel } from '../hub/find-model.ts';

/**
 * The same configuration with the path of its model in place of the name that was written.
 * @throws ConfigError `model-not-found` there is nothing of that name
 */
export async function locateModel(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  return { ...config, modelDir: await findModel(config.modelDir, { environment }) };
}
