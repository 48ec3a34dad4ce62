// The session behind the table that a training method gets: one batch, the model, the attack, the
// optimizer's steps in between, the method's own tensors.
#pragma once

#include "engine/attacker.hpp"
#include "engine/loss_head.hpp"
#include "engine/optimization.hpp"
#include "engine/parameter_space.hpp"
#include "engine/site_space.hpp"

#include <array>
#include <exception>
#include <map>
#include <optional>

namespace spar::host {

/// A tensor of a method's own, see spar_session.tensor.
struct MethodTensor {
    std::vector<float> values;
    bool saved = false;
};

class TrainingSession {
  public:
    /// `parameter` is the name of what is perturbed in the space of parameters. In that of a site,
    /// the model must have it.
    TrainingSession(Network &network, Optimization &optimization, const Builder &builder,
                    const Instance &method, const spar_component_ref &loss,
                    const std::optional<spar_threat> &threat, const std::string &parameter = {});

    /// What crafting increases instead of the training loss, see engine/crafting.hpp.
    const spar_component_ref *crafting_loss = nullptr;
    bool pretrained = false;  /// see SPAR_SESSION_PRETRAINED
    /// Of the batches; needed where the threat is in the space of tokens, for their texts.
    const Data *data = nullptr;

    /// The progress of training; set before every step.
    struct Place {
        std::int64_t epoch, epochs, step, steps, batch_size;
        double rate_factor, eps_factor = 1;
    };
    /// Runs the method on the batch, but not the final optimizer step. The returned loss and number
    /// of correct outputs, over the examples with labels, are those of the method's first pass with
    /// parameter gradients, or with a tape in training mode, from which they can be taken later.
    struct Outcome {
        double loss = 0;  /// sum over the batch's examples with labels
        std::int64_t correct = 0;
    };
    Outcome run(const Batch &batch, const Place &place);

    std::map<std::string, MethodTensor> &tensors() { return tensors_; }

    /// Sums of what the method has reported since the last call, with counts.
    std::map<std::string, std::pair<double, std::int64_t>> take_reports();

  private:
    struct Table;   // the functions of spar_session
    struct Caller;  // the caller of a table: the method, or one inside it
    /// Runs one function of the method's table. A failure inside the session is rethrown unchanged.
    template <class Function>
    void call(const Instance &method, const char *what, Function &&function);
    void prepare(const Instance &method);
    void gradients(const Instance &method);
    void pass(const spar_session_pass &pass);
    void attack(const spar_component_ref *attack, const spar_objective *objective,
                std::int64_t draw, float *x_adv);
    AttackTask attack_task(const spar_component_ref *attack, const spar_objective *objective,
                           std::int64_t draw) const;
    void backward(std::int32_t tape, const float *cotangent, spar_wants wants, float *dx);
    /// In the space of tokens alone.
    void begin_texts();
    void show_texts(spar_session &session) const;
    const spar_tokens *attack_tokens(const spar_component_ref *attack,
                                     const spar_objective *objective, std::int64_t draw);
    Space::Points text_points(const spar_session_pass &pass);
    void loss(const spar_component_ref *loss, std::int64_t first, spar_loss_rows rows) const;
    float *tensor(const std::string &name, std::int64_t size, spar_tensor_flags flags);
    void parameters_changed();
    Space::Points points(const float *x) const;
    /// The examples in the network's own space.
    Space::Points examples() const;
    /// Embeds the batch, and attends to it in the space at hand.
    void renew();
    /// The rows, the first ones, at which the loss is evaluated with the batch's labels or values;
    /// 0: at all rows, without any. `labels` and `values` are the caller's own, or null.
    std::int64_t labelled_for(const spar_component_ref &loss, const std::int64_t *labels,
                              const float *values) const;
    void give_labels(LossHead &head) const;
    void note_outcome(const spar_session_pass &pass, const float *outputs, float *losses);
    std::uint64_t loss_key() const;
    void check(const spar_session_pass &pass, const spar_stage_steps &steps) const;
    spar_session make_table(Caller &caller) const;

    Network &network_;
    Optimization &optimization_;
    const Builder &builder_;
    const Instance &method_;
    std::unique_ptr<ParameterSpace> parameter_;  // null: the examples are perturbed
    std::unique_ptr<SiteSpace> site_;            // likewise
    Space &space_;
    spar_component_ref loss_;
    std::optional<spar_threat> threat_;  // at the end of its warm-up
    std::optional<spar_threat> threat_now_;

    const Batch *batch_ = nullptr;
    Place place_{};
    FencedMatrix vectors_;                        // x of a batch of tokens
    std::optional<AttackedTexts> texts_;          // in the space of tokens
    std::array<EmbeddedTokens, 9> given_tokens_;  // of the last pass of each tape, 0: of none
    std::array<bool, 9> tokens_given_{};          // instead of the batch's own
    FencedMatrix outputs_;
    std::vector<float> losses_;
    std::vector<std::int64_t> limits_;  // of the examples under l0
    Outcome outcome_;
    bool outcome_known_ = false;
    QueryCount queries_;
    std::map<std::string, MethodTensor> tensors_;
    std::map<std::string, std::pair<double, std::int64_t>> reports_;
    std::exception_ptr failure_;
};

}  // namespace spar::host
