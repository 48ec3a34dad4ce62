// A component of each kind that throws out of the function of its table that "in" names, past the
// SDK's guard: what a plugin written without it would do.
#include "plain.hpp"

#include <stdexcept>

namespace {

template <std::size_t size>
struct Name {
    constexpr Name(const char (&text)[size]) { std::copy(text, text + size, value); }  // NOLINT
    char value[size];
};

/// T::table's function `slot`, throwing where the instance is told to.
template <class C, Name name, auto slot, class Type = decltype(slot)>
struct Throwing;

template <class C, Name name, auto slot, class Table, class R, class... A>
struct Throwing<C, name, slot, R (*Table::*)(void *, A...)> {
    static R call(void *self, A... arguments) {
        if (*static_cast<C *>(self)->in == name.value)
            throw std::runtime_error(std::string("planted in ") + name.value);
        return (C::sound()->*slot)(self, arguments...);
    }
    static void into(Table &table) { table.*slot = call; }
};

/// What every one of them is.
#define ZOO_THROWS(kind_class, kind_word)                                                 \
    using Kind = Throws##kind_class;                                                      \
    static constexpr spar::About about{.type = "throws_in_" kind_word,                    \
                                       .summary = "Throws out of one of its functions."}; \
    spar::Text in{this, "in", "the function to throw out of", {.fallback = ""}};          \
    void configure() override {                                                           \
        if (*in == "create") throw std::runtime_error("planted in create");               \
    }                                                                                     \
    static auto sound() {                                                                 \
        return zoo::kind_class::table();                                                  \
    }

#define ZOO_SLOT(table_type, slot) Throwing<Kind, #slot, &table_type::slot>::into(spoiled)

struct ThrowsDataset final : zoo::Dataset {
    ZOO_THROWS(Dataset, "dataset")
    static const spar_dataset_table *table() {
        static spar_dataset_table spoiled = *sound();
        ZOO_SLOT(spar_dataset_table, info);
        ZOO_SLOT(spar_dataset_table, read);
        ZOO_SLOT(spar_dataset_table, file);
        return &spoiled;
    }
};

struct ThrowsModel final : zoo::Model {
    ZOO_THROWS(Model, "model")
    void setup(const spar_model_setup &setup) override {
        if (setup.input != SPAR_INPUT_TOKENS) zoo::Model::setup(setup);
    }
    static const spar_model_table *table() {
        static spar_model_table spoiled = *sound();
        ZOO_SLOT(spar_model_table, setup);
        ZOO_SLOT(spar_model_table, outputs);
        ZOO_SLOT(spar_model_table, parameter_count);
        ZOO_SLOT(spar_model_table, parameter);
        ZOO_SLOT(spar_model_table, parameters_changed);
        ZOO_SLOT(spar_model_table, pass);
        ZOO_SLOT(spar_model_table, extension);
        return &spoiled;
    }
};

struct ThrowsLoss final : zoo::Loss {
    ZOO_THROWS(Loss, "loss")
    static const spar_loss_table *table() {
        static spar_loss_table spoiled = *sound();
        ZOO_SLOT(spar_loss_table, evaluate);
        ZOO_SLOT(spar_loss_table, needs);
        return &spoiled;
    }
};

struct ThrowsOptimizer final : zoo::Optimizer {
    ZOO_THROWS(Optimizer, "optimizer")
    static const spar_optimizer_table *table() {
        static spar_optimizer_table spoiled = *sound();
        ZOO_SLOT(spar_optimizer_table, state_count);
        ZOO_SLOT(spar_optimizer_table, state_name);
        ZOO_SLOT(spar_optimizer_table, update);
        ZOO_SLOT(spar_optimizer_table, traits);
        return &spoiled;
    }
};

struct ThrowsAttack final : zoo::Attack {
    ZOO_THROWS(Attack, "attack")
    static const spar_attack_table *table() {
        static spar_attack_table spoiled = *sound();
        ZOO_SLOT(spar_attack_table, perturb);
        ZOO_SLOT(spar_attack_table, fits);
        return &spoiled;
    }
};

struct ThrowsMethod final : zoo::Method {
    ZOO_THROWS(Method, "method")
    static const spar_method_table *table() {
        static spar_method_table spoiled = *sound();
        ZOO_SLOT(spar_method_table, prepare);
        ZOO_SLOT(spar_method_table, gradients);
        ZOO_SLOT(spar_method_table, fits);
        return &spoiled;
    }
};

struct ThrowsReporter final : zoo::Reporter {
    ZOO_THROWS(Reporter, "reporter")
    static const spar_reporter_table *table() {
        static spar_reporter_table spoiled = *sound();
        ZOO_SLOT(spar_reporter_table, begin);
        ZOO_SLOT(spar_reporter_table, event);
        ZOO_SLOT(spar_reporter_table, finish);
        return &spoiled;
    }
};

struct ThrowsTransform final : zoo::Transform {
    ZOO_THROWS(Transform, "transform")
    static const spar_transform_table *table() {
        static spar_transform_table spoiled = *sound();
        ZOO_SLOT(spar_transform_table, apply);
        return &spoiled;
    }
};

}  // namespace

SPAR_PLUGIN("throws_in_calls", "1.0.0", ThrowsDataset, ThrowsModel, ThrowsLoss, ThrowsOptimizer,
            ThrowsAttack, ThrowsMethod, ThrowsReporter, ThrowsTransform)
