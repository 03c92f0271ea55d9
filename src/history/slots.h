/*
 * slots.h
 *		A hash index over the items of an array: open addressing.
 *
 * The items know their hashes and how they compare; this only finds them:
 *
 *		for (slot = SlotsFirst(s, hash); s->slots[slot] != 0;
 *			 slot = SlotsNext(s, slot))
 *			... item number s->slots[slot] - 1 ...
 */
#ifndef CONTACT_PRESSURE_SLOTS_H
#define CONTACT_PRESSURE_SLOTS_H

#include "core.h"

#define SLOTS_MIN	64

typedef struct Slots
{
	uint32_t   *slots;			/* item + 1; 0 is free; NULL: none yet */
	uint32_t	size;			/* a power of two */
} Slots;

static inline uint32_t
SlotsFirst(const Slots *slots, uint64_t hash)
{
	return (uint32_t) hash & (slots->size - 1);
}

static inline uint32_t
SlotsNext(const Slots *slots, uint32_t slot)
{
	return (slot + 1) & (slots->size - 1);
}

/* Put an item where its hash wants it. */
static inline void
SlotsPut(Slots *slots, uint64_t hash, uint32_t item)
{
	uint32_t	slot = SlotsFirst(slots, hash);

	while (slots->slots[slot] != 0)
		slot = SlotsNext(slots, slot);
	slots->slots[slot] = item + 1;
}

/* Make room for items; true when all of them have to be put in again. */
static inline bool
SlotsGrow(Slots *slots, uint32_t items)
{
	if (items * 2 <= slots->size)
		return false;
	CoreFree(slots->slots);
	slots->size = slots->size == 0 ? SLOTS_MIN : 2 * slots->size;
	slots->slots = CoreAllocZero(slots->size * sizeof(uint32_t));
	return true;
}

/* Take one more value into a hash. */
static inline uint64_t
HashMix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* The hash of some bytes. */
static inline uint64_t
HashBytes(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *p = bytes;
	uint64_t	word;

	hash = HashMix(hash, length);
	for (; length >= sizeof(word); p += sizeof(word), length -= sizeof(word))
	{
		memcpy(&word, p, sizeof(word));
		hash = HashMix(hash, word);
	}
	while (length > 0)
		hash = HashMix(hash, p[--length]);
	return hash;
}

#endif							/* CONTACT_PRESSURE_SLOTS_H */
