/* An attack that sees decisions only and looks for the least l2 distance, after HopSkipJump (Chen
   et al. 2020): find an example of the goal, go to the boundary by halving, estimate the direction
   in which the decision changes from random probes, step, and so on. Of a randomised model every
   decision is that of the majority of `votes` draws. */
#include <spar/abi.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct walk {
    int64_t steps, probes, votes;
} walk;

/* What goes with one example while it is attacked. */
typedef struct search {
    const walk *self;
    const spar_oracle *oracle;
    const spar_attack_batch *batch;
    spar_error *error;
    int64_t row, draw, asked;
    uint64_t random;
    float *least, *trial, *probe, *direction; /* [size] */
} search;

static spar_status refuse(spar_error *error, spar_status code, const char *message) {
    error->code = code;
    snprintf(error->message, sizeof error->message, "%s", message);
    return code;
}

static double uniform(search *s) { /* splitmix64, in (0, 1) */
    uint64_t z = s->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(search *s) {
    const double radius = sqrt(-2 * log(uniform(s)));
    return radius * cos(6.283185307179586 * uniform(s));
}

static const float *clean(const search *s) {
    return s->batch->x + s->row * s->batch->size;
}

static int masked(const search *s, int64_t i) {
    const spar_attack_batch *b = s->batch;
    if (b->mask == NULL) return 0;
    return b->mask[s->row * b->mask_size + i / (b->size / b->mask_size)] == 0;
}

static float boxed(const search *s, int64_t i, double value) {
    const spar_threat *t = s->batch->threat;
    if (masked(s, i)) return clean(s)[i];
    return (float)fmin(fmax(value, t->lower), t->upper);
}

static double distance(const search *s, const float *point) {
    double sum = 0;
    for (int64_t i = 0; i < s->batch->size; ++i) {
        const double d = (double)point[i] - clean(s)[i];
        sum += d * d;
    }
    return sqrt(sum);
}

/* Whether the point reaches the goal. */
static spar_status decide(search *s, const float *point, int *reached) {
    const spar_attack_batch *b = s->batch;
    const int64_t votes = s->oracle->flags & SPAR_ORACLE_RANDOMISED ? s->self->votes : 1;
    int64_t yes = 0;
    for (int64_t i = 0; i < votes; ++i) {
        int64_t choice = 0;
        spar_query query = {.struct_size = sizeof query,
                            .count = 1,
                            .rows = &s->row,
                            .x = point,
                            .classes = &choice,
                            .draw = s->draw++};
        const spar_status status = s->oracle->evaluate(s->oracle, &query, s->error);
        if (status != SPAR_OK) return status;
        ++s->asked;
        yes += b->targets != NULL ? choice == b->targets[s->row] : choice != b->labels[s->row];
    }
    *reached = 2 * yes > votes;
    return SPAR_OK;
}

/* least = the nearest point to x on the way from `from`, which reaches the goal, if it is nearer.
 */
static spar_status halve(search *s, const float *from) {
    double low = 0, high = 1;
    for (int i = 0; i < 12; ++i) {
        const double middle = (low + high) / 2;
        int reached = 0;
        for (int64_t j = 0; j < s->batch->size; ++j)
            s->probe[j] = boxed(s, j, clean(s)[j] + middle * ((double)from[j] - clean(s)[j]));
        const spar_status status = decide(s, s->probe, &reached);
        if (status != SPAR_OK) return status;
        *(reached ? &high : &low) = middle;
    }
    for (int64_t j = 0; j < s->batch->size; ++j)
        s->probe[j] = boxed(s, j, clean(s)[j] + high * ((double)from[j] - clean(s)[j]));
    if (distance(s, s->probe) < distance(s, s->least))
        memcpy(s->least, s->probe, (size_t)s->batch->size * sizeof(float));
    return SPAR_OK;
}

/* A uniform point of the box that reaches the goal. */
static spar_status begin(search *s, int *found) {
    const spar_threat *t = s->batch->threat;
    spar_status status = SPAR_OK;
    for (int i = 0; i < 100 && status == SPAR_OK && !*found; ++i) {
        for (int64_t j = 0; j < s->batch->size; ++j)
            s->least[j] = boxed(s, j, t->lower + uniform(s) * (t->upper - t->lower));
        status = decide(s, s->least, found);
    }
    if (!*found) memcpy(s->least, clean(s), (size_t)s->batch->size * sizeof(float));
    return status;
}

static spar_status step(search *s, int64_t number) {
    const int64_t size = s->batch->size;
    const double d = distance(s, s->least), delta = d / (double)size + 1e-6;
    const int64_t probes = (int64_t)((double)s->self->probes * sqrt((double)number));
    memset(s->direction, 0, (size_t)size * sizeof(float));
    for (int64_t i = 0; i < probes; ++i) {
        double norm = 0;
        int reached = 0;
        for (int64_t j = 0; j < size; ++j) {
            s->trial[j] = masked(s, j) ? 0 : (float)normal(s);
            norm += (double)s->trial[j] * s->trial[j];
        }
        norm = fmax(sqrt(norm), 1e-12);
        for (int64_t j = 0; j < size; ++j)
            s->probe[j] =
                boxed(s, j, s->least[j] + delta * sqrt((double)size) * s->trial[j] / norm);
        const spar_status status = decide(s, s->probe, &reached);
        if (status != SPAR_OK) return status;
        for (int64_t j = 0; j < size; ++j) s->direction[j] += reached ? s->trial[j] : -s->trial[j];
    }
    double norm = 0;
    for (int64_t j = 0; j < size; ++j) norm += (double)s->direction[j] * s->direction[j];
    norm = fmax(sqrt(norm), 1e-12);
    for (double length = d / sqrt((double)number); length > 1e-4 * d; length /= 2) {
        int reached = 0;
        for (int64_t j = 0; j < size; ++j)
            s->trial[j] = boxed(s, j, s->least[j] + length * s->direction[j] / norm);
        const spar_status status = decide(s, s->trial, &reached);
        if (status != SPAR_OK) return status;
        if (reached) return halve(s, s->trial);
    }
    return SPAR_OK;
}

static spar_status attack(search *s) {
    int found = 0;
    memcpy(s->trial, clean(s), (size_t)s->batch->size * sizeof(float));
    spar_status status = decide(s, s->trial, &found);
    if (status != SPAR_OK || found) return status; /* wrong already: the least distance is 0 */
    s->oracle->stage(s->oracle, "start");
    status = begin(s, &found);
    if (status != SPAR_OK || !found) return status;
    memcpy(s->trial, s->least, (size_t)s->batch->size * sizeof(float));
    status = halve(s, s->trial);
    s->oracle->stage(s->oracle, "walk");
    for (int64_t i = 1; i <= s->self->steps && status == SPAR_OK; ++i) status = step(s, i);
    return status;
}

static spar_status perturb(void *self, const spar_oracle *oracle, const spar_attack_batch *batch,
                           spar_error *error) {
    const size_t bytes = (size_t)batch->size * sizeof(float);
    spar_status status = SPAR_OK;
    if (batch->count == 0) return SPAR_OK;
    float *memory = malloc(4 * bytes);
    if (memory == NULL) return refuse(error, SPAR_E_MEMORY, "out of memory");
    for (int64_t row = 0; row < batch->count && status == SPAR_OK; ++row) {
        search s = {.self = self, .oracle = oracle, .batch = batch, .error = error, .row = row};
        s.random = batch->key + (uint64_t)batch->ids[row] * UINT64_C(0xD1342543DE82EF95);
        s.least = memory;
        s.trial = memory + batch->size;
        s.probe = memory + 2 * batch->size;
        s.direction = memory + 3 * batch->size;
        memcpy(s.least, clean(&s), bytes);
        status = attack(&s);
        if (status == SPAR_E_BUDGET) { /* of this example alone */
            status = SPAR_OK;
            oracle->note(oracle, row, "budget_spent", 1);
        }
        oracle->note(oracle, row, "asked", (double)s.asked);
        if (batch->x_least != NULL) memcpy(batch->x_least + row * batch->size, s.least, bytes);
        if (distance(&s, s.least) <= batch->threat->eps)
            memcpy(batch->x_adv + row * batch->size, s.least, bytes);
    }
    oracle->stage(oracle, NULL);
    free(memory);
    return status;
}

static spar_status fits(void *self, const spar_threat *threat, spar_error *error) {
    (void)self;
    if (threat->norm != SPAR_NORM_L2 || threat->group != SPAR_GROUP_NONE)
        return refuse(error, SPAR_E_UNSUPPORTED, "looks for the least l2 distance of an example");
    if (threat->space != SPAR_SPACE_INPUT)
        return refuse(error, SPAR_E_UNSUPPORTED,
                      "starts inside the box: needs the space of inputs");
    return SPAR_OK; /* decisions are enough */
}

static spar_attack_traits traits(void *self) {
    (void)self;
    return SPAR_ATTACK_LEAST;
}

static spar_status create(const spar_component *component, const spar_host *host,
                          const spar_params *params, void **self, spar_error *error) {
    walk made = {0};
    spar_status status = host->get_integer(params, "/steps", &made.steps, error);
    (void)component;
    if (status == SPAR_OK) status = host->get_integer(params, "/probes", &made.probes, error);
    if (status == SPAR_OK) status = host->get_integer(params, "/votes", &made.votes, error);
    if (status != SPAR_OK) return status;
    walk *instance = malloc(sizeof *instance);
    if (instance == NULL) return refuse(error, SPAR_E_MEMORY, "out of memory");
    *instance = made;
    *self = instance;
    return SPAR_OK;
}

static const spar_attack_table table = {
    .struct_size = sizeof(spar_attack_table), .perturb = perturb, .fits = fits, .traits = traits};

static const spar_component component = {
    .struct_size = sizeof(spar_component),
    .kind = SPAR_KIND_ATTACK,
    .type = "boundary_walk",
    .summary = "Walks along the boundary by decisions alone, to the least l2 distance.",
    .formula = "",
    .reference = "Chen et al. 2020, https://arxiv.org/abs/1904.02144",
    .schema =
        "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
        "\"steps\": {\"type\": \"integer\", \"minimum\": 1, \"default\": 20},"
        "\"probes\": {\"type\": \"integer\", \"minimum\": 1, \"default\": 100},"
        "\"votes\": {\"type\": \"integer\", \"minimum\": 1, \"default\": 5}}}",
    .example = "",
    .table = &table,
    .create = create,
    .destroy = free};

static const spar_component *const components[] = {&component};

static const spar_plugin plugin = {.struct_size = sizeof(spar_plugin),
                                   .abi_minor_built = SPAR_ABI_MINOR,
                                   .abi_minor_required = 5,
                                   .component_count = 1,
                                   .required_feature = "attacks that see decisions only",
                                   .name = "boundary_walk",
                                   .version = "1.0.0",
                                   .components = components};

__attribute__((visibility("default"))) spar_status spar_plugin_entry_v1(const spar_host *host,
                                                                        const spar_plugin **answer,
                                                                        spar_error *error) {
    (void)host;
    (void)error;
    *answer = &plugin;
    return SPAR_OK;
}
