// duckdb.mjs: the usual pipeline in DuckDB, for test/bench/segments.
//
//   node duckdb.mjs load DATABASE           reads DATABASE.csv
//   node duckdb.mjs run DATABASE QUERY      the milliseconds of a second run
import { DuckDBInstance } from '@duckdb/node-api';

const [mode, database, query] = process.argv.slice(2);
const instance = await DuckDBInstance.create(`${database}.db`, { threads: '2' });
const connection = await instance.connect();

if (mode === 'load') {
	await connection.run(`CREATE TABLE orders (order_id bigint,
		customer_id integer, ordered_at timestamptz, amount decimal(12, 2))`);
	await connection.run(`COPY orders FROM '${database}.csv' (HEADER false)`);
	await connection.run('CHECKPOINT');
} else {
	let took;
	for (let run = 0; run < 2; run++) {
		const since = performance.now();
		await connection.run('DROP TABLE IF EXISTS usual');
		await connection.run(query);
		took = performance.now() - since;
	}
	console.log(took.toFixed(3));
}
connection.closeSync();
