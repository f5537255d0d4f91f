/** What is used of a client of S3, as types of our own: the library is an optional peer, and other clients can have the same methods. */

interface At {
  readonly Bucket: string;
  readonly Key: string;
}

interface Answer {
  readonly ETag?: string | undefined;
  readonly ContentLength?: number | undefined;
}

interface Sent extends At {
  readonly Body: Uint8Array;
  readonly ContentLength: number;
}

/** Describes what is used of the class `S3` of @aws-sdk/client-s3, version 3. */
export interface S3Methods {
  headObject(input: At): Promise<Answer>;
  getObject(
    input: At & { readonly Range?: string; readonly IfMatch?: string },
    options?: { readonly abortSignal: AbortSignal },
  ): Promise<Answer & { readonly Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined }>;
  putObject(input: Sent & { readonly IfNoneMatch?: string }): Promise<unknown>;
  deleteObject(input: At): Promise<unknown>;
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
  createMultipartUpload(input: At): Promise<{ readonly UploadId?: string | undefined }>;
  uploadPart(
    input: Sent & { readonly UploadId: string | undefined; readonly PartNumber: number },
  ): Promise<Answer>;
  completeMultipartUpload(
    input: At & {
      readonly UploadId: string | undefined;
      readonly MultipartUpload: {
        readonly Parts: { readonly PartNumber: number; readonly ETag: string | undefined }[];
      };
    },
  ): Promise<unknown>;
  abortMultipartUpload(input: At & { readonly UploadId: string | undefined }): Promise<unknown>;
}
