/**
 * Beyond one machine: models, segments and manifests as objects of a folder, of S3 or of R2, builds by many workers over NATS, and
 * searches over many members.
 *
 * @module
 */
export { type BuildProgress, buildCluster, type ClusterBuild } from './build-cluster.ts';
export {
  type ClusterAnswer,
  ClusterClient,
  type ClusterQueryOptions,
  type ClusterRows,
} from './cluster-client.ts';
export { UnavailableError } from './errors.ts';
export { type ClusterFold, foldCluster } from './fold.ts';
export { folderObjects } from './folder-objects.ts';
export { expandInputs, inputFiles } from './input-objects.ts';
export type { DeadLetter, QueueOptions } from './job-queue.ts';
export type { EncodeJob, FoldJob, FoldPlan, Job, TrainJob } from './jobs.ts';
export { FailedJobsError, type JobsProgress } from './jobs-done.ts';
export { kvManifests } from './kv-manifests.ts';
export type { ClusterManifest, ManifestContent, ManifestShard } from './manifest.ts';
export { contentOf } from './manifest.ts';
export {
  type KnownVersion,
  type ManifestChain,
  type ManifestLog,
  type Published,
  publishManifest,
  storageManifests,
} from './manifest-log.ts';
export { connectNats, type Nats, type NatsOptions } from './nats.ts';
export type {
  ConsumerInfo,
  KeyValue,
  KeyValueEntry,
  NatsConnection,
  NatsMessage,
  NatsSubscription,
  OrderedConsumer,
  OrderedMessages,
  StreamClient,
  StreamConsumer,
  StreamManager,
  StreamMessage,
  StreamMessages,
} from './nats-client.ts';
export { type ObjectBytes, type ObjectEntry, type ObjectStorage, objectBytes } from './object-storage.ts';
export { openPlace } from './place.ts';
export type { InputFile } from './plan.ts';
export {
  type BuildPlan,
  buildId,
  listBuilds,
  listEntries,
  type ShardEntry,
} from './plan.ts';
export { type R2Body, type R2Head, type R2Methods, r2Storage } from './r2-storage.ts';
export { retryJobs } from './retry-jobs.ts';
export { rollbackManifest } from './rollback.ts';
export type { S3Answer, S3Methods, S3Object, S3Sent } from './s3-client.ts';
export { type S3StorageOptions, s3Storage } from './s3-storage.ts';
export { type ServeEvent, type ServeShardsOptions, serveShards } from './serve-shards.ts';
export { type ShardRange, shardRange } from './shard-range.ts';
export { type SweepOptions, type SweepReport, sweepCluster } from './sweep-cluster.ts';
export type { ClusterSearchOptions } from './wire-search.ts';
export { type JobEvent, type WorkOptions, workForCluster } from './work.ts';
