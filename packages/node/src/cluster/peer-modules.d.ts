// Optional peers that are not installed in this repository; what is used of them is checked and typed beside their import.
declare module '@aws-sdk/client-s3';
