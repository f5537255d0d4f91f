/** What is used of a client of S3, as types of our own: the library is an optional peer, and other clients can have the same methods. */

/** Names an object. */
export interface S3Object {
  readonly Bucket: string;
  readonly Key: string;
}

/** Describes what the server says of an object. */
export interface S3Answer {
  readonly ETag?: string | undefined;
  readonly ContentLength?: number | undefined;
}

/** Holds bytes of an object that are sent. */
export interface S3Sent extends S3Object {
  readonly Body: Uint8Array;
  readonly ContentLength: number;
}

/** Describes what is used of the class `S3` of @aws-sdk/client-s3, version 3. */
export interface S3Methods {
  headObject(input: S3Object): Promise<S3Answer>;
  getObject(
    input: S3Object & { readonly Range?: string; readonly IfMatch?: string },
    options?: { readonly abortSignal: AbortSignal },
  ): Promise<S3Answer & { readonly Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined }>;
  putObject(input: S3Sent & { readonly IfNoneMatch?: string }): Promise<unknown>;
  deleteObject(input: S3Object): Promise<unknown>;
  listObjectsV2(input: {
    readonly Bucket: string;
    readonly Prefix: string;
    readonly ContinuationToken?: string;
  }): Promise<{
    readonly Contents?:
      | readonly {
          readonly Key?: string | undefined;
          readonly Size?: number | undefined;
          readonly LastModified?: Date | undefined;
        }[]
      | undefined;
    readonly IsTruncated?: boolean | undefined;
    readonly NextContinuationToken?: string | undefined;
  }>;
  createMultipartUpload(input: S3Object): Promise<{ readonly UploadId?: string | undefined }>;
  uploadPart(
    input: S3Sent & { readonly UploadId: string | undefined; readonly PartNumber: number },
  ): Promise<S3Answer>;
  completeMultipartUpload(
    input: S3Object & {
      readonly UploadId: string | undefined;
      readonly MultipartUpload: {
        readonly Parts: { readonly PartNumber: number; readonly ETag: string | undefined }[];
      };
    },
  ): Promise<unknown>;
  abortMultipartUpload(input: S3Object & { readonly UploadId: string | undefined }): Promise<unknown>;
}
