import type { UploadPlan } from './protocol.ts';

/** Where a bucket is, and who may use it. */
export interface BlobAddress {
  bucket: string;
  /** Before every key; empty, or ends with a slash. */
  prefix: string;
  region: string;
  /** Undefined: Amazon's own. */
  endpoint: string | undefined;
  /** Undefined: what the machine offers (a profile, a role). Never log it. */
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
}

/**
 * Objects of a store on the network. Everything rejects with InferenceError `blob-store`, of scope `transient`, where the store
 * cannot be used.
 */
export interface BlobStore {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined where there is none, or it has more than `mostBytes`, of which no more is read. */
  get(key: string, mostBytes: number): Promise<Uint8Array | undefined>;
  /** A link with which anybody can read the object for some minutes. */
  linkToGet(key: string): Promise<string>;
  /**
   * How somebody without credentials brings an object of exactly so many bytes: links for what is not there yet, good for some
   * minutes. Without any the object is there whole. A large one comes in parts, of which those that came are not asked for again.
   */
  planUpload(key: string, bytes: number): Promise<UploadPlan>;
  /** The keys that begin so. */
  list(prefix: string): Promise<string[]>;
  /** Deletes the objects, and parts of objects, whose keys begin so; those for whose keys `isKept` says so stay. */
  remove(prefix: string, isKept?: (key: string) => boolean): Promise<void>;
}
