// The verbs that doc comments begin with or hold. A sentence whose verb is missing here gets it added.
export const VERBS = new Set(
  `compresses compress converts convert is are was were be been has have had does do did may can must needs need gives give gave makes make made takes take
took says say said tells tell told holds hold held keeps keep kept comes come goes go went stands stand lies lie names
name reads read writes write wrote saves save loads load opens open searches search finds find found scores score
encodes encode decodes decode trains train trained learns learn builds build adds add removes remove measures measure
ranks rank chooses choose checks check computes compute returns return asks ask answers answer describes describe
counts count scales scale turns turn splits split joins join copies copy works work runs run starts start ends end
allows allow refuses refuse throws throw asked uses use used fits fit stays stay knows know costs cost draws draw
estimates estimate rounds round packs pack unpacks unpack divides divide sums sum sorts sort puts put gets get
expects expect shares share parses parse prints print lists list shows show`.split(/\s+/),
);
