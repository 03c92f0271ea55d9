/*
 * standalone.h
 *		The cores outside the server; see standalone.c.
 */
#ifndef CONTACT_PRESSURE_STANDALONE_H
#define CONTACT_PRESSURE_STANDALONE_H

/* Release all that the cores have allocated. */
extern void StandaloneReset(void);

#endif							/* CONTACT_PRESSURE_STANDALONE_H */
