/* A dataset: examples by index; the same index always gives the same bytes. */
#ifndef SPAR_ABI_DATASET_H
#define SPAR_ABI_DATASET_H

#include "base.h"

typedef struct spar_dataset_info {
    uint32_t struct_size;
    spar_input_kind input;
    spar_target_kind target;
    int32_t rank;                 /* dimensions of one example; 0 for text */
    int64_t size;                 /* number of examples, at least 1 */
    int64_t shape[SPAR_MAX_RANK]; /* of one example: [1, 28, 28], or [length] for tokens */
    int64_t outputs;              /* number of classes, or of target values */
    int64_t vocabulary;           /* tokens are in [0, vocabulary); 0 for values */
    double lower, upper;          /* the box every value lies in; the threat model's bounds */
} spar_dataset_info;

/* Everything [exclusive]. */
typedef struct spar_dataset_table {
    uint32_t struct_size;
    uint32_t reserved;
    spar_status (*info)(void *self, spar_dataset_info *info, spar_error *error);
    /* Examples indices[0..count):
       x      float32 [count, shape...] or int64 [count, length]
       mask   float32 [count, length] for tokens, otherwise null
       labels int64 [count], null unless the target is a class
       values float32 [count, outputs], null unless the target is values
       All views are the caller's and large enough. For text, x and mask are null. */
    spar_status (*read)(void *self, const int64_t *indices, int64_t count, DLTensor *x,
                        DLTensor *mask, int64_t *labels, float *values, spar_error *error);
    /* The files that the examples come from, for the record of the run; null past the last. The
       text is valid as long as the instance. */
    const char *(*file)(void *self, int64_t index); /* [optional] */
    /* [optional] The name of a class, or null. */
    const char *(*class_name)(void *self, int64_t index);
    /* [optional] The text of a token. Vocabularies are compared by it, and saved with the weights.
       Null for an index outside the vocabulary. */
    const char *(*token)(void *self, int64_t index);
    /* [optional] The text of an example, without a zero byte, valid until the next call; required
       if the input is text. The host encodes it with the pipeline's tokenizer. Minor 3. */
    spar_status (*text)(void *self, int64_t index, const char **text, spar_error *error);
} spar_dataset_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_dataset_info) == 120);
SPAR_ASSERT_LAYOUT(sizeof(spar_dataset_table) == 56);

#endif
