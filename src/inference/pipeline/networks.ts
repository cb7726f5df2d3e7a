import { cancellationPoint } from '../../util/cancellation.ts';
import { compileGraph } from '../graph/compile-graph.ts';
import { partitionGraph } from '../graph/cut-graph.ts';
import type { BuiltGraph, GraphTarget } from '../graph/graph-builder.ts';
import { unetPart } from '../models/unet-spatio-temporal-condition-model.ts';
import { type NetworkSession, openChain, openSession, type SessionOptions } from '../runtime/session.ts';
import {
  buildCheckpoint,
  buildNetwork,
  type CheckpointGraphs,
  type NetworkRequest,
  pickNetwork,
} from './build-network.ts';
import type { ModelConfigs } from './load-model.ts';
import type { MemoryMode } from './types.ts';

/** Opens a model's networks. */
export interface Networks {
  /** A network in the shape asked for; give it back with its `release`, which frees it unless it is to stay. */
  open(request: NetworkRequest, signal?: AbortSignal): Promise<NetworkSession>;
  /** Frees whatever stayed in memory. */
  release(): Promise<void>;
}

/** How networks are kept in memory. */
export interface NetworksOptions {
  /** The form and precision of each network. */
  target: (request: NetworkRequest) => GraphTarget;
  session: SessionOptions;
  /**
   * `resident`: every network stays for the next clip of its size; `model-offload`: one at a time; `sequential-offload`: and the UNet
   * block by block.
   */
  memoryMode: MemoryMode;
}

/** From how many channels on Winograd's form gained time on an Xeon with AVX-512: at 640 a quarter, at 320 it lost. */
export const leastWinogradChannels = 512;

/** The networks of a model. Checkpoints are read, and compared with their config, when a network is opened. */
export function modelNetworks(configs: ModelConfigs, { target, session, memoryMode }: NetworksOptions): Networks {
  /** Not for memory-mapped weights: what is combined would be computed again in every call. */
  const foldsWeights = session.provider === 'cpu' && session.mapped !== true;

  /**
   * Only for the UNet, which is loaded once for many calls: kernels are reckoned at each load, and the decoder took 0.5 GB
   * more for a twentieth of its time.
   */
  const reckons = foldsWeights && memoryMode !== 'sequential-offload';

  /**
   * The UNet's step is called again and again; the decoder is not, and took 0.5 GB more so. A network that stays would keep
   * the memory of its calls while others run.
   */
  const keepsMemory = ({ network }: NetworkRequest) => memoryMode === 'model-offload' && network === 'unet-step';

  /** The sessions that stay, one per form of a network: another size takes the place of the last. */
  const resident = new Map<string, { key: string; session: NetworkSession }>();

  /** The UNet's graphs from its conditioning, which a clip asks for first, until its step is taken. */
  let unetGraphs: { key: string; graphs: CheckpointGraphs } | undefined;

  async function build(request: NetworkRequest): Promise<BuiltGraph> {
    const isUnet = request.network === 'unet-conditioning' || request.network === 'unet-step';
    if (!isUnet) return buildNetwork(configs, request, { ...target(request), foldsWeights });
    const key = JSON.stringify({ ...request, network: 'unet', deepFeatures: undefined });
    const known = unetGraphs?.key === key ? unetGraphs.graphs : undefined;
    const winogradChannels = reckons ? leastWinogradChannels : undefined;
    const form = { ...target(request), foldsWeights, winogradChannels };
    const graphs = known ?? (await buildCheckpoint(configs, request, form));
    const isTaken = request.network === 'unet-step' && request.deepFeatures !== 'give';
    unetGraphs = isTaken ? undefined : { key, graphs };
    return pickNetwork(configs, request, graphs);
  }

  async function load(request: NetworkRequest, signal: AbortSignal | undefined): Promise<NetworkSession> {
    await cancellationPoint(signal);
    try {
      const graph = await build(request);
      await cancellationPoint(signal);
      if (memoryMode === 'sequential-offload' && request.network === 'unet-step') {
        return openChain(partitionGraph(graph, unetPart).map(compileGraph), session);
      }
      return await openSession(compileGraph(graph), { ...session, keepsMemory: keepsMemory(request) });
    } catch (error) {
      // Where the files went away they may come back as others: nothing that was read of them is used again.
      unetGraphs = undefined;
      throw error;
    }
  }

  return {
    async open(request, signal) {
      if (memoryMode !== 'resident') return load(request, signal);
      const key = JSON.stringify(request);
      const slot = request.network === 'unet-step' ? `${request.network} ${request.deepFeatures}` : request.network;
      const known = resident.get(slot);
      if (known?.key === key) return { run: known.session.run, release: async () => {} };
      resident.delete(slot);
      await known?.session.release();
      const loaded = await load(request, signal);
      resident.set(slot, { key, session: loaded });
      return { run: loaded.run, release: async () => {} };
    },
    async release() {
      unetGraphs = undefined;
      const kept = [...resident.values()];
      resident.clear();
      for (const { session: network } of kept) await network.release();
    },
  };
}
