import '@sagitta/retrieval';
