import { configProblems, readConfig } from '../config/config.ts';
import { cardBytesOf } from '../hub/cuda/nvidia-smi.ts';
import type { estimateMemory } from '../inference/pipeline/estimate-memory.ts';
import type { UnetProbe, UnetProbeRequest } from '../inference/pipeline/probe-unet.ts';
import type { Device } from '../worker/devices.ts';
import { probeProvider } from '../worker/probe-provider.ts';
import { chooseDevices, probeModelDir, probeTimeoutMs } from './choose-devices.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import { checkBlobStore } from './doctor/check-blob-store.ts';
import { checkConfiguration } from './doctor/check-configuration.ts';
import { type CudaMachine, checkCuda, realCudaMachine } from './doctor/check-cuda.ts';
import { checkDataFolder } from './doctor/check-data-folder.ts';
import { checkDevices } from './doctor/check-devices.ts';
import { checkDiscord } from './doctor/check-discord.ts';
import { checkDisk, checkFfmpeg, checkMemory, checkNode } from './doctor/check-machine.ts';
import { checkModel } from './doctor/check-model.ts';
import { checkProviders } from './doctor/check-providers.ts';
import { checkRedis } from './doctor/check-redis.ts';
import { checkStyles } from './doctor/check-styles.ts';
import type { Finding } from './doctor/finding.ts';
import type { CliIo } from './io.ts';
import { chooseModel } from './locate-model.ts';
import { textTable } from './text-table.ts';

const line = {
  name: 'kinora doctor',
  about:
    "Tries everything that the bot needs: the configuration, Node, ffmpeg, the model, each provider (by running a UNet of the demo model's size on it " +
    "and comparing with the CPU), the styles of STYLE_DIR, memory and disk, Discord's answer to the token, the data folder, the Redis of QUEUE_URL, the store of BLOB_URL. Exit code 1 if the bot " +
    'could not do its job. docs/gpu.md tells which figures to expect of a GPU.',
  options: { json: { help: 'print one line of JSON instead of a table' } },
} as const;

/** What the doctor asks of the machine; tests put their own in its place. */
export interface DoctorTools {
  /** The model that providers are tried with. */
  probeModelDir: string;
  probe: (request: UnetProbeRequest, environment?: Device['environment']) => Promise<UnetProbe>;
  /** The cards of this machine, where they are not to be asked for. */
  gpus?: readonly string[];
  /** Reckons what a clip takes, where it is not to be reckoned anew for each report. */
  estimate?: typeof estimateMemory;
  /** Left out: ONNX Runtime has no CUDA provider for this system. */
  cuda?: CudaMachine | undefined;
}

/** `kinora doctor`: whether the bot could do its job here, and if not, why. */
export async function run(argv: string[], io: CliIo, tools: DoctorTools = realTools(io)): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const findings = await examine(io, tools);
  const isFit = findings.every(({ verdict }) => verdict !== 'fails');
  io.stdout.write(given.values.json ? `${JSON.stringify({ ok: isFit, findings })}\n` : asTable(findings, isFit));
  return isFit ? 0 : 1;
}

async function examine(io: CliIo, tools: DoctorTools): Promise<Finding[]> {
  const { probeModelDir: modelDir, probe, gpus, estimate, cuda } = tools;
  const configuration = checkConfiguration(io.environment);
  // What cannot be used counts as unset: everything else is looked at all the same.
  const unusable = configProblems(io.environment).map(({ name }) => [name, undefined]);
  const environment = { ...io.environment, ...Object.fromEntries(unusable) };
  const written = readConfig(environment);
  const { config } = await chooseModel(written, environment);
  const { execution, dataDir } = config;
  const findings = [
    ...configuration,
    checkNode(process.versions.node),
    await checkFfmpeg(config, environment),
    await checkModel(written, { ...io, environment }),
  ];
  if (cuda !== undefined) findings.push(...(await checkCuda(execution.provider, cuda)));
  const { findings: providers, used } = await checkProviders({ modelDir, execution, probe });
  const choose = () => chooseDevices(config, { environment, signal: io.signal, probe, ...(gpus && { gpus }) });
  const devices = await checkDevices({ wanted: config.devices, choose, modelDir, probe });
  findings.push(...providers, ...devices, ...(await checkStyles(config, io.signal)));
  const cardBytes =
    cuda && used === 'cuda' ? cardBytesOf(await cuda.cards(), environment.CUDA_VISIBLE_DEVICES) : undefined;
  findings.push(
    await checkMemory(config, { provider: used, environment, cardBytes, estimate }),
    await checkDisk(dataDir),
  );
  findings.push(await checkDataFolder(dataDir), ...(await checkDiscord(config, io.signal)));
  findings.push(...(await checkRedis(config.remote.queueUrl)), ...(await checkBlobStore(config)));
  io.signal.throwIfAborted();
  return findings;
}

function realTools({ environment, signal }: CliIo): DoctorTools {
  return {
    probeModelDir,
    probe: (request, added) =>
      probeProvider(request, { environment: { ...environment, ...added }, signal, timeoutMs: probeTimeoutMs }),
    cuda: realCudaMachine(environment),
  };
}

const words = { ok: 'ok', note: 'note', fails: 'FAILS' } as const;

function asTable(findings: readonly Finding[], isFit: boolean): string {
  const table = textTable(findings.map(({ check, verdict, text }) => [check, words[verdict], text]));
  return `${table}\n${isFit ? 'The bot can do its job here.' : 'The bot could not do its job here.'}\n`;
}
