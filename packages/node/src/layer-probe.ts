import '@sagitta/web';
