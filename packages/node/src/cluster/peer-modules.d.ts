// Optional peers that are not installed in this repository; what is used of them is checked and typed beside their import.
declare module '@aws-sdk/client-s3';
declare module '@nats-io/transport-node';
declare module '@nats-io/jetstream';
declare module '@nats-io/kv';
