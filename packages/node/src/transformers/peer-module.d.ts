// The optional peer is not installed in this repository (470 MB); what is used of it is checked and typed in library.ts.
declare module '@huggingface/transformers';
