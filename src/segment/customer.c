/* customer.c */
#include "postgres.h"
