// The same in a worker of the tab.
import { writeForever } from './write-forever.mjs';

self.onmessage = ({ data }) => writeForever(data);
