/*
 * model_pg.h
 *		What the PostgreSQL side of models, scores and maps shares.
 */
#ifndef CONTACT_PRESSURE_MODEL_PG_H
#define CONTACT_PRESSURE_MODEL_PG_H

#include "core_pg.h"
#include "history/calendar.h"
#include "rfm/model.h"
#include "rfm/segment_map.h"

/* A model from a datum, in place as a summary is, checked in full. */
static inline const Model *
DatumGetModel(Datum datum)
{
	const Model *model = (const Model *) DatumGetPointer(datum);
	CoreError	err;

	if (!ModelOpen(model, VARATT_IS_4B_U(model) ? VARSIZE(model) : 0, &err))
		ThrowCoreError(&err);
	return model;
}

#define PG_GETARG_MODEL(n)	DatumGetModel(PG_GETARG_DATUM(n))

/* A palloc'd copy of a model as a datum. */
static inline Datum
ModelGetDatum(const Model *model)
{
	Model	   *copy = palloc(sizeof(Model));

	*copy = *model;
	SET_VARSIZE(copy, sizeof(Model));
	return PointerGetDatum(copy);
}

/* Open the zone of a model, in the current memory context. */
extern Zone *ModelOpenZone(const Model *model);

/* A map from its stored bytes, in the current memory context. */
extern SegmentMap *OpenSegmentMap(const struct varlena *bytes);

/* Raise the error of a summary that lies in the future of as_of. */
extern void ThrowFuture(const RfmData *rfm, Instant as_of)
			pg_attribute_noreturn();

#endif							/* CONTACT_PRESSURE_MODEL_PG_H */
